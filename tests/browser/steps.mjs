// What people do at every step besides going on: reload, go back, look at the same in a second tab, press in both, lose the
// network before the question arrives or before its answer does. With script and without, the whole way from the first page
// through a change and a cancelling to what is erased; there is one reservation, whatever was pressed how often.

import assert from 'node:assert/strict';
import { newCitizen, openBrowser } from './driver/browser.mjs';
import { dataFolder, startDemo } from './driver/charye.mjs';
import { peopleOfToday } from './driver/people.mjs';
import { check, run } from './driver/suite.mjs';

const folder = await dataFolder();
const demo = await startDemo(folder.path);
const browser = await openBrowser();
const citizens = await peopleOfToday(demo, folder.path);

const heading = async (page) => (await page.locator('h1').textContent({ timeout: 10_000 })).trim();

/**
 * The way: at each step a page, and how one goes on from it. `fill` types what the step asks for; `press` is what is pressed.
 * `once` is a step that changes something: pressed again it must lead to what was done.
 */
const WAY = [
  { name: 'landing', press: '#my-day button', fill: birthDate },
  { name: 'my-day', press: 'main a.button[href="/line"]' },
  { name: 'sign-in', press: 'form:has(#number) button', fill: (page, { number }) => page.fill('#number', number) },
  { name: 'line', press: 'form[action="/line"] button', once: true },
  { name: 'find', press: 'main a[href*="first="]' },
  { name: 'clinic', press: '#second a[href*="second_day="]' },
  { name: 'second-dose', press: 'form[action="/holds"] button', fill: (page) => page.locator('form[action="/holds"] input[type="radio"]').first().check(), once: true },
  { name: 'consent', press: 'form[action="/holds"] button', once: true },
  { name: 'hold', press: 'form[action="/hold/confirm"] button', once: true },
  { name: 'done', press: 'main a[href$="/change"]' },
  { name: 'line-again', press: 'form[action="/line"] button' },
  { name: 'change', press: 'main .actions a[href^="/find/"]' },
  { name: 'change-clinic', press: 'main a[href*="first="]' },
  { name: 'change-second-dose', press: '#second a[href*="second_day="]' },
  { name: 'change-time', press: 'form[action$="/change"] button', fill: (page) => page.locator('form[action$="/change"] input[type="radio"]').last().check(), once: true },
  { name: 'changed', press: 'main a[href$="/cancel"]' },
  { name: 'cancel', press: 'form[action$="/cancel"] button', once: true },
  { name: 'cancelled', press: 'main a[href="/reservations"]' },
  { name: 'reservations', press: 'main a[href="/my-data"]', seen: oneReservation },
  { name: 'my-data', press: 'form[action="/my-data/erase"] button', fill: (page) => page.check('#sure') },
  { name: 'erased' },
];

async function oneReservation(page) {
  const reservations = await page.locator('main a[href^="/reservations/"]').evaluateAll((links) => [...new Set(links.map((link) => link.getAttribute('href').split('/')[2]))]);
  assert.equal(reservations.length, 1, `one reservation, whatever was pressed: ${reservations}`);
}

async function birthDate(page, { born }) {
  const [year, month, day] = born.split('-');
  await page.fill('#birth-year', year);
  await page.fill('#birth-month', month);
  await page.fill('#birth-day', day);
}

/** Goes on: types what is asked for and presses. */
async function goOn(page, step, citizen) {
  await step.fill?.(page, citizen);
  await page.locator(step.press).first().click();
  await page.waitForLoadState();
}

/** Goes the way; at each step does `tried`, which leaves the page as it found it or has gone on itself and says so. */
async function walk(script, tried) {
  const citizen = citizens.pop();
  const page = await newCitizen(browser, { script, language: 'ko' });
  await page.goto(demo.url);
  const said = [];
  for (const step of WAY) {
    said.push(`${step.name}: ${await heading(page)}`);
    try {
      await step.seen?.(page);
      const wentOn = await tried(page, step, citizen);
      if (step.press && !wentOn) await goOn(page, step, citizen);
    } catch (error) {
      throw new Error(`at ${step.name} (${page.url()}): ${error.stack}\n${said.join('\n')}`);
    }
  }
  await page.context().close();
}

/** Waits until the browser shows that nothing came. */
async function isCutOff(page) {
  for (let tries = 0; tries < 100 && !page.url().startsWith('chrome-error:'); tries += 1) await page.waitForTimeout(100);
  assert.ok(page.url().startsWith('chrome-error:'), `the network is away, and yet: ${page.url()}`);
}

/** Tries again, as the browser's own page offers: the same form is sent once more, and the way goes on. */
async function goesOnAfter(page, before) {
  await page.reload();
  await isOurs(page);
  assert.notEqual(await heading(page), before, 'the next step is reached');
  return true;
}

/** A page that failed is one of the browser's own, or one of ours with an incident. */
async function isOurs(page) {
  assert.ok(page.url().startsWith(demo.url), page.url());
  assert.equal(await page.locator('h1').count(), 1);
}

for (const script of [true, false]) {
  const how = script ? 'with script' : 'without script';

  check(`reload and back ask nothing and lose nothing, at every step, ${how}`, () => walk(script, async (page, step) => {
    const before = await heading(page);
    await page.reload();
    assert.equal(await heading(page), before, 'the same page after a reload');
    if (step.name === 'landing') return;
    await page.goBack();
    await isOurs(page);
    await page.goForward();
    assert.equal(await heading(page), before, 'the same page after back and forward');
  }), 240_000);

  check(`a second tab shows the same, and pressing in both does it once, at every step, ${how}`, () => walk(script, async (page, step, citizen) => {
    const other = await page.context().newPage();
    // What answers a form has no address of its own that says the same: the form is what a second tab shows.
    await other.goto(page.url());
    await isOurs(other);
    if (!step.once) return void await other.close();
    assert.equal(await heading(other), await heading(page), 'the same page in a second tab');
    await goOn(page, step, citizen);
    const reached = [page.url().split('?')[0], await heading(page)];
    await goOn(other, step, citizen);
    await isOurs(other);
    const there = [other.url().split('?')[0], await heading(other)];
    assert.deepEqual(there, reached, 'both tabs reach the same page');
    await other.close();
    return true;
  }), 240_000);

  check(`without a network nothing typed is lost, and with one the way goes on, at every step, ${how}`, () => walk(script, async (page, step, citizen) => {
    if (!step.press) return false;
    const before = await heading(page);
    await step.fill?.(page, citizen);
    await page.context().setOffline(true);
    await page.locator(step.press).first().click();
    await isCutOff(page);
    await page.context().setOffline(false);
    if (step.once) return goesOnAfter(page, before);
    await page.goBack();
    assert.equal(await heading(page), before, 'the page before is there again');
    if (step.fill === birthDate) {
      const typed = await page.locator('#birth-year, #birth-month, #birth-day').evaluateAll((all) => all.map((input) => input.value));
      assert.equal(typed.join('-'), citizen.born, 'what was typed is still there');
    }
    return false;
  }), 240_000);

  check(`an answer that is lost on the way is given again, at every step that changes something, ${how}`, () => walk(script, async (page, step, citizen) => {
    if (!step.once) return false;
    const before = await heading(page);
    let lost = 0;
    const lose = async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      await route.fetch({ maxRedirects: 0 });
      lost += 1;
      return route.abort('connectionreset');
    };
    await page.route('**', lose);
    await step.fill?.(page, citizen);
    await page.locator(step.press).first().click();
    await isCutOff(page);
    await page.unroute('**', lose);
    assert.equal(lost, 1, 'the server did it, and nobody heard');
    return goesOnAfter(page, before);
  }), 240_000);
}

await run(async () => {
  await browser.close();
  await demo.end();
  await folder.remove();
});
