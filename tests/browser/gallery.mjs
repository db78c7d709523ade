// Every page in every state, from the gallery, in a browser: no accessibility finding, in the light and in the dark, narrow
// and wide; nothing lost sideways, also where letters are twice as large; and what a screen reader is told of the calendar
// and of the line.
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
