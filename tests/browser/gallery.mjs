// Every page in every state, from the gallery, in a browser: no accessibility finding, in the light and in the dark, narrow
// and wide; nothing lost where letters are twice as large or set wider, nor in forced colours; targets large enough; the
// focus seen, and on the summary of what was wrong; and what a screen reader is told of the calendar and of the line.
// Which criterion each check shows: docs/accessibility.md.
// CHARYE_GALLERY=FOLDER takes a gallery that is there already; CHARYE_SCREENSHOTS=FOLDER keeps pictures.

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { axeFindings, newCitizen, openBrowser } from './driver/browser.mjs';
import { dataFolder } from './driver/charye.mjs';
import { renderGallery, serveGallery } from './driver/gallery.mjs';
import { check, run } from './driver/suite.mjs';

const SHOTS = process.env.CHARYE_SCREENSHOTS;
/** How each language is looked at: between them both schemes, both widths. */
const LOOKS = [
  { language: 'ko', width: 320, scheme: 'light' },
  { language: 'en', width: 1280, scheme: 'dark' },
];

const folder = await dataFolder();
const gallery = process.env.CHARYE_GALLERY ?? (await renderGallery(folder.path));
const samples = (await readdir(gallery)).filter((name) => /\.(ko|en)\.html$/.test(name));
const browser = await openBrowser();
const { url, close } = await serveGallery(gallery);

/** A page to look at samples with: it stays where it is led, whatever a sample's script or refresh would load next. */
async function looker(look) {
  const page = await newCitizen(browser, look);
  await page.route('**', (route) => {
    const elsewhere = route.request().isNavigationRequest() && route.request().url() !== page.wanted;
    // As a server answers that has nothing new: the page stays. An error would replace it.
    if (elsewhere) return route.fulfill({ status: 204 });
    if (route.request().isNavigationRequest()) page.wanted = null;
    return route.continue();
  });
  return page;
}

async function lookAt(page, name) {
  page.wanted = `${url}/${name}`;
  await page.goto(page.wanted);
}

const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

for (const { language, width, scheme } of LOOKS) {
  check(`no page has a finding or scrolls sideways: ${language}, ${width} px, ${scheme}`, async () => {
    const names = samples.filter((name) => name.endsWith(`.${language}.html`));
    assert.ok(names.length >= 50, `${names.length} samples`);
    const page = await looker({ language, width });
    await page.emulateMedia({ colorScheme: scheme });
    const wrong = [];
    for (const name of names) {
      await lookAt(page, name);
      await page.locator('details').evaluateAll((all) => all.forEach((details) => { details.open = true; }));
      wrong.push(...(await axeFindings(page)).map((finding) => `${name}: ${finding}`));
      const pixels = await overflow(page);
      if (pixels > 0) wrong.push(`${name} scrolls sideways by ${pixels} px`);
      if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}-${width}-${scheme}.png`), fullPage: true });
    }
    assert.deepEqual(wrong, []);
    await page.context().close();
  }, 300_000);
}

check('with letters twice as large nothing is lost sideways', async () => {
  const page = await looker({ language: 'ko', width: 1280 });
  const wrong = [];
  for (const name of samples) {
    await lookAt(page, name);
    await page.evaluate(() => { document.documentElement.style.fontSize = '212.5%'; });
    const pixels = await overflow(page);
    if (pixels > 0) wrong.push(`${name} scrolls sideways by ${pixels} px`);
  }
  assert.deepEqual(wrong, []);
  await page.context().close();
}, 180_000);

// WCAG 2.2, 1.4.12: the distances that somebody may set for themselves.
const SPACED = '* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-bottom: 2em !important; }';

check('with the widest spacing of text nothing is lost sideways, clipped or covered', async () => {
  const page = await looker({ language: 'ko', width: 320 });
  const wrong = [];
  for (const name of samples) {
    await lookAt(page, name);
    // As a browser's own extension does it: the page's policy holds for the page.
    await page.evaluate((css) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      document.adoptedStyleSheets = [sheet];
    }, SPACED);
    const pixels = await overflow(page);
    if (pixels > 0) wrong.push(`${name} scrolls sideways by ${pixels} px`);
    wrong.push(...(await page.evaluate(() => [...document.querySelectorAll('main *')]
      .filter((element) => getComputedStyle(element).overflow === 'hidden' && element.clientWidth > 1)
      .filter((element) => element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1)
      .map((element) => `<${element.localName} class="${element.className}">`))).map((what) => `${name}: ${what} is clipped`));
  }
  assert.deepEqual(wrong, []);
  await page.context().close();
}, 180_000);

check('whatever is pressed is at least 24 by 24 pixels, or stands in a sentence', async () => {
  const page = await looker({ language: 'en', width: 320 });
  const wrong = [];
  for (const name of samples) {
    await lookAt(page, name);
    await page.locator('details').evaluateAll((all) => all.forEach((details) => { details.open = true; }));
    wrong.push(...(await page.evaluate(() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')]
      .filter((element) => element.checkVisibility() && !element.closest('.skip, svg'))
      .filter((element) => {
        const { width, height } = (element.closest('label') ?? element).getBoundingClientRect();
        // The exception for what stands in a line of text, and for a small box whose label is pressed instead.
        const inline = getComputedStyle(element).display === 'inline';
        const labelled = [...(element.labels ?? [])].some((label) => label.getBoundingClientRect().height >= 24);
        return !inline && !labelled && (width < 24 || height < 24);
      })
      .map((element) => element.outerHTML.slice(0, 80)))).map((what) => `${name}: ${what}`));
  }
  assert.deepEqual(wrong, []);
  await page.context().close();
}, 180_000);

check('the focus is never hidden, and can be seen wherever it is', async () => {
  const page = await looker({ language: 'ko', width: 320 });
  // Else the page is still on its way to where the focus is.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const wrong = [];
  for (const name of ['landing', 'sign-in', 'find', 'clinic-first-of-two', 'hold-warning', 'helping', 'reservation-done'].map((name) => `${name}.ko.html`).filter((name) => samples.includes(name))) {
    await lookAt(page, name);
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press('Tab');
      const told = await page.evaluate(() => {
        const at = document.activeElement;
        if (!at || at === document.body) return null;
        const { left, top, width, height } = at.getBoundingClientRect();
        const style = getComputedStyle(at);
        const under = document.elementFromPoint(Math.min(left + width / 2, innerWidth - 1), Math.min(top + height / 2, innerHeight - 1));
        const inView = top < innerHeight && top + height > 0;
        const outlined = style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2;
        const covered = under && !at.contains(under) && !under.contains(at) && !under.closest('label');
        return { what: at.outerHTML.slice(0, 80), fine: inView && outlined && !covered };
      });
      if (told && !told.fine) wrong.push(`${name}: ${told.what}`);
    }
  }
  assert.deepEqual(wrong, []);
  await page.context().close();
}, 120_000);

check('a page that complains has the focus on its summary, which leads to each field, which says what is wrong', async () => {
  const page = await looker({ language: 'ko', width: 320 });
  let complaining = 0;
  for (const name of samples) {
    await lookAt(page, name);
    const fields = await page.locator('[aria-invalid=true]').evaluateAll((all) => all.map((field) => [field.id, document.getElementById(field.getAttribute('aria-describedby'))?.textContent ?? '']));
    if (fields.length === 0) continue;
    complaining += 1;
    const summary = page.getByRole('alert');
    await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'alert', null, { timeout: 30_000 }).catch(() => {});
    assert.ok(await summary.evaluate((element) => element === document.activeElement), `${name}: the focus is on the summary`);
    assert.match(await page.title(), /^(입력 오류|Error): /, name);
    for (const [id, told] of fields) {
      assert.ok(told.trim().length > 5 && (await summary.innerText()).includes(told.trim()), `${name}: ${id} says what is wrong`);
      await summary.locator(`a[href="#${id}"]`).click();
      assert.equal(await page.evaluate(() => document.activeElement.id), id, `${name}: the summary leads to ${id}`);
    }
  }
  assert.ok(complaining >= 10, `${complaining} pages complain`);
  await page.context().close();
}, 120_000);

check('who asks for little motion is shown none', async () => {
  const page = await looker({ language: 'en' });
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const name of samples.filter((name) => name.endsWith('.en.html'))) {
    await lookAt(page, name);
    const moving = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('*')].filter((element) => {
      const { animationName, scrollBehavior, transitionDuration } = getComputedStyle(element);
      return animationName !== 'none' || scrollBehavior === 'smooth' || Number.parseFloat(transitionDuration) > 0;
    }).length);
    assert.equal(moving, 0, name);
  }
  await page.context().close();
}, 120_000);

check('in forced colours the day and the time that are chosen can still be told', async () => {
  const page = await looker({ language: 'ko', width: 1280 });
  await page.emulateMedia({ forcedColors: 'active' });
  await lookAt(page, 'clinic-first-of-two.ko.html');
  const border = (locator) => locator.evaluate((element) => {
    const style = getComputedStyle(element);
    return `${style.borderTopWidth} ${style.borderTopStyle} ${style.backgroundColor}`;
  });
  const days = page.locator('.calendar a');
  const chosen = page.locator('.calendar a[aria-current]');
  assert.ok((await days.count()) > (await chosen.count()) && (await chosen.count()) >= 1);
  assert.notEqual(await border(chosen.first()), await border(page.locator('.calendar a:not([aria-current])').first()));
  if (SHOTS) await page.screenshot({ path: join(SHOTS, 'clinic-forced-colours.png'), fullPage: true });
  await page.context().close();
});

check('a screen reader is told the calendar as a table of named days', async () => {
  for (const [language, caption, day] of [['ko', /2021년 \d+월/, /^\d+ ?: .*\d+월 \d+일.*예약 가능$/], ['en', /^\w+ 2021$/, /^\d+ ?: .*\d.*, places free$/]]) {
    const page = await looker({ language });
    await lookAt(page, `clinic-first-of-two.${language}.html`);
    const calendar = page.getByRole('table', { name: caption }).first();
    assert.equal(await calendar.getByRole('columnheader').count(), 7);
    const days = calendar.getByRole('link');
    const count = await days.count();
    assert.ok(count > 0);
    assert.equal(await calendar.getByRole('link', { name: day }).count(), count, 'each day says which it is and that places are free');
    await page.context().close();
  }
});

check('a screen reader is told the line: one heading, one region that speaks up, no picture', async () => {
  const page = await looker({ language: 'en' });
  await lookAt(page, 'wait-waiting.en.html');
  const main = page.getByRole('main');
  assert.equal(await main.getByRole('heading', { level: 1 }).count(), 1);
  assert.equal(await main.getByRole('status').count(), 1);
  assert.equal((await main.getByRole('status').textContent()).trim(), (await page.locator('#say').textContent()).trim());
  assert.equal(await main.getByRole('img').count() + (await main.getByRole('alert').count()), 0);
  // What changes with every poll is outside of the region that speaks: nobody is read numbers every few seconds.
  assert.equal(await page.locator('[role=status] #ahead, [role=status] #when, [aria-live] #ahead').count(), 0);
  await page.context().close();
});

await run(async () => {
  await browser.close();
  close();
  await folder.remove();
});
