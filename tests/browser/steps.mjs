// What people do at every step besides going on: reload, go back, look at the same in a second tab, press in both, lose the
// network before the question arrives or before its answer does. With script and without, the whole way from the first page
// through a change and a cancelling to what is erased, and that of a helper who reserves for somebody else; there is one
// reservation, whatever was pressed how often.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request as requests } from 'playwright-core';
import { newCitizen, openBrowser } from './driver/browser.mjs';
import { dataFolder, startDemo } from './driver/charye.mjs';
import { peopleOfToday } from './driver/people.mjs';
import { check, run } from './driver/suite.mjs';

const folder = await dataFolder();
const demo = await startDemo(folder.path);
const browser = await openBrowser();
const citizens = await peopleOfToday(demo, folder.path);

const heading = async (page) => (await page.locator('h1').textContent({ timeout: 60_000 })).trim();

/**
 * The way: at each step a page, and how one goes on from it. `fill` types what the step asks for; `press` is what is pressed.
 * `once` is a step that changes something: pressed again it must lead to what was done. `open` is where a step begins that no
 * link leads to; `done` tells that it was done, where the next page has the same heading; `changes` who one acts for: forms
 * that were open before are refused then, so that nothing is done for the wrong person.
 */
const CITIZEN = [
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

/** Of somebody who has a code from the person they reserve for. Pressed first is what takes it; the reservation is the other's. */
const HELPER = [
  { name: 'code', open: '/helping', fill: (page, { code }) => page.fill('#code', code), press: 'form[action="/helping/code"] button', once: true, done: 'form[action$="/act"]' },
  { name: 'act', open: '/helping', press: 'form[action$="/act"] button', once: true, changes: true, done: 'form[action="/helping/stop"]' },
  { name: 'line', open: '/line', press: 'form[action="/line"] button', once: true },
  { name: 'find', press: 'main a[href*="first="]' },
  { name: 'clinic', press: '#second a[href*="second_day="]' },
  { name: 'second-dose', press: 'form[action="/holds"] button', fill: (page) => page.locator('form[action="/holds"] input[type="radio"]').first().check(), once: true },
  { name: 'consent', press: 'form[action="/holds"] button', once: true },
  { name: 'hold', press: 'form[action="/hold/confirm"] button', once: true },
  { name: 'reservations', open: '/reservations', seen: oneReservation, press: 'form[action="/helping/stop"] button', once: true, changes: true, done: 'form[action$="/end"]' },
  { name: 'end', open: '/helping', press: 'form[action$="/end"] button', once: true, done: 'section:first-of-type:not(:has(form))' },
  { name: 'ended' },
];

/** The two who go their ways, and how each begins: a page to stand on, and what is typed on the way. */
const WAYS = {
  'a citizen': { steps: CITIZEN, begin: (page) => page.goto(demo.url) },
  'a helper': { steps: HELPER, begin: asAHelper },
};

async function signIn(page, { number }) {
  await page.goto(`${demo.url}/helping`);
  await page.fill('#number', number);
  await page.locator('form:has(#number) button').click();
  await page.waitForLoadState();
}

/** Somebody invites; the code that is sent to them is given to whom this page belongs. */
async function asAHelper(page, citizen) {
  const helped = await newCitizen(browser, { script: false });
  await signIn(helped, citizens.pop());
  await helped.goto(`${demo.url}/helping`);
  const sent = (await codes()).length;
  await helped.locator('form[action="/helping/invite"] button').click();
  await helped.waitForLoadState();
  for (let tries = 0; tries < 600 && (await codes()).length === sent; tries += 1) await helped.waitForTimeout(100);
  citizen.code = (await codes()).at(-1);
  await helped.context().close();
  await signIn(page, citizen);
  await page.goto(`${demo.url}/helping`);
}

/** The codes that were sent so far, the last one last. */
async function codes() {
  const outbox = join(folder.path, 'outbox');
  const files = (await readdir(outbox)).filter((name) => name.endsWith('.jsonl'));
  const texts = await Promise.all(files.map((name) => readFile(join(outbox, name), 'utf8')));
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line.endsWith('}')).map((line) => JSON.parse(line));
  return lines.filter(({ kind }) => kind === 'help_code').sort((a, b) => a.id - b.id).map(({ code }) => code);
}

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
async function walk(script, { begin, steps }, tried) {
  const citizen = citizens.pop();
  const page = await newCitizen(browser, { script, language: 'ko' });
  await begin(page, citizen);
  const said = [];
  for (const step of steps) {
    if (step.open) await page.goto(`${demo.url}${step.open}`);
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
  for (let tries = 0; tries < 600 && !page.url().startsWith('chrome-error:'); tries += 1) await page.waitForTimeout(100);
  assert.ok(page.url().startsWith('chrome-error:'), `the network is away, and yet: ${page.url()}`);
}

/** Tries again, as the browser's own page offers: the same form is sent once more, and the way goes on. */
async function goesOnAfter(page, step, before) {
  await page.reload();
  await isOurs(page);
  if (step.done) assert.ok(await page.locator(step.done).count() > 0, 'it was done');
  else assert.notEqual(await heading(page), before, 'the next step is reached');
  return true;
}

/** Does what a request asks for, and loses the answer with all it says, cookies too. */
async function askedInVain(request) {
  const elsewhere = await requests.newContext();
  const headers = await request.allHeaders();
  await elsewhere.fetch(request.url(), { method: request.method(), headers, data: request.postDataBuffer(), maxRedirects: 0 });
  await elsewhere.dispose();
}

/** A page that failed is one of the browser's own, or one of ours with an incident. */
async function isOurs(page) {
  assert.ok(page.url().startsWith(demo.url), page.url());
  assert.equal(await page.locator('h1').count(), 1);
}

for (const [who, way] of Object.entries(WAYS)) for (const script of [true, false]) {
  const how = `${who} ${script ? 'with script' : 'without script'}`;

  check(`reload and back ask nothing and lose nothing, at every step, ${how}`, () => walk(script, way, async (page, step) => {
    const before = await heading(page);
    await page.reload();
    assert.equal(await heading(page), before, 'the same page after a reload');
    if (step === way.steps[0]) return;
    await page.goBack();
    await isOurs(page);
    await page.goForward();
    assert.equal(await heading(page), before, 'the same page after back and forward');
  }), 240_000);

  check(`a second tab shows the same, and pressing in both does it once, at every step, ${how}`, () => walk(script, way, async (page, step, citizen) => {
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
    if (step.changes) assert.notDeepEqual(there, reached, 'a form from before is refused, and says so');
    else assert.deepEqual(there, reached, 'both tabs reach the same page');
    await other.close();
    return true;
  }), 240_000);

  check(`without a network nothing typed is lost, and with one the way goes on, at every step, ${how}`, () => walk(script, way, async (page, step, citizen) => {
    if (!step.press) return false;
    const before = await heading(page);
    await step.fill?.(page, citizen);
    await page.context().setOffline(true);
    await page.locator(step.press).first().click();
    await isCutOff(page);
    await page.context().setOffline(false);
    if (step.once) return goesOnAfter(page, step, before);
    await page.goBack();
    assert.equal(await heading(page), before, 'the page before is there again');
    if (step.fill === birthDate) {
      const typed = await page.locator('#birth-year, #birth-month, #birth-day').evaluateAll((all) => all.map((input) => input.value));
      assert.equal(typed.join('-'), citizen.born, 'what was typed is still there');
    }
    return false;
  }), 240_000);

  check(`an answer that is lost on the way is given again, at every step that changes something, ${how}`, () => walk(script, way, async (page, step, citizen) => {
    if (!step.once) return false;
    const before = await heading(page);
    let lost = 0;
    const lose = async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      await askedInVain(route.request());
      lost += 1;
      return route.abort('connectionreset');
    };
    await page.route('**', lose);
    await step.fill?.(page, citizen);
    await page.locator(step.press).first().click();
    await isCutOff(page);
    await page.unroute('**', lose);
    assert.equal(lost, 1, 'the server did it, and nobody heard');
    return goesOnAfter(page, step, before);
  }), 240_000);
}

await run(async () => {
  await browser.close();
  await demo.end();
  await folder.remove();
});
