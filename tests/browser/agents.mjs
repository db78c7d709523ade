// A call in a browser, on the agents' listener: an agent signs in for the shift, mistypes and finds the caller, goes in by the
// agents' seats, reserves both doses, cancels, ends the call, and takes the next caller with nothing left of the one before.
// With script and without, in Korean and English; no address ever says anything of a caller.
// CHARYE_SCREENSHOTS=FOLDER keeps a picture of each page.

import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { axeFindings, newCitizen, openBrowser } from './driver/browser.mjs';
import { dataFolder, startDemo, startServe } from './driver/charye.mjs';
import { check, run } from './driver/suite.mjs';

const SHOTS = process.env.CHARYE_SCREENSHOTS;
const TOKEN = 'an-agents-token-of-at-least-thirty-two-characters';

const folder = await dataFolder();
const data = join(folder.path, 'demo');
const demo = await startDemo(data);
const born = demo.said.find((line) => line.includes('may reserve now')).match(/\d{4}-\d{2}-\d{2}/)[0];
await demo.end();
const callers = await makeCallers();
const charye = await serve();
const agents = charye.said.map((line) => line.match(/^agents (http:\/\/\S+)$/)?.[1]).find(Boolean);
const browser = await openBrowser();

/** Those who may reserve today, as they tell about themselves. */
async function makeCallers() {
  const rows = (await readFile(join(data, 'nation', 'citizens.csv'), 'utf8')).trim().split('\n').slice(1);
  const told = rows.filter((row) => !row.includes('"')).map((row) => row.split(','));
  return told.filter(([, , , date]) => date >= '1973' && date < '2003' && date.endsWith(born.slice(-1)))
    .map(([number, name, , date]) => ({ number, name, date }));
}

async function serve() {
  const tokens = join(folder.path, 'agents');
  await writeFile(tokens, `7 kim 60 ${TOKEN.replaceAll('-', '')}\n`);
  await chmod(tokens, 0o600);
  const config = join(folder.path, 'charye.toml');
  await writeFile(config, `
[data]
folder = "${data}"
[listen]
address = "127.0.0.1:0"
[agents]
address = "127.0.0.1:0"
token_file = "${tokens}"
registry = "registry"
[engine]
accept_clock = true
people = 100000
[rehearsal]
enabled = true
identity_port = 0
citizens = "${join(data, 'nation', 'citizens.csv')}"
`);
  return startServe(config);
}

/** What every page of an agent owes: one heading, a way to end the call while there is one, and nothing of the caller outside it. */
async function judge(page, { name, script, width }, caller, what, onCall = true) {
  assert.equal(await page.locator('h1').count(), 1, `${what} has one heading`);
  assert.equal(await page.locator('form[action="/callers/end"]').count(), onCall ? 1 : 0, `${what}: whether a call goes on`);
  for (const words of [caller.number, caller.name, caller.date]) {
    assert.ok(!decodeURIComponent(page.url()).includes(words), `${what}: ${page.url()}`);
  }
  assert.equal(await page.locator('a[href^="/my-data"], a[href^="/helping"]').count(), 0, `${what} leads to nothing of the citizen's own`);
  if (script) {
    assert.deepEqual(await axeFindings(page), [], what);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${what} scrolls sideways by ${overflow} px at ${width}`);
  }
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `agent-${what}-${name}.png`), animations: 'disabled', fullPage: true });
}

async function call(options) {
  const [caller, next] = [callers.pop(), callers.pop()];
  const page = await newCitizen(browser, options);
  const seen = (what, onCall) => judge(page, options, caller, what, onCall);
  const press = async (selector) => {
    await page.locator(selector).first().click();
    await page.waitForLoadState();
  };
  const tell = async ({ number, name, date }) => {
    const [year, month, day] = date.split('-');
    await page.check('#reason-no_device');
    await page.fill('#name', name);
    await page.fill('#birth-year', year);
    await page.fill('#birth-month', month);
    await page.fill('#birth-day', day);
    await page.fill('#number', number);
  };

  await page.goto(`${agents}/`);
  await page.fill('#token', 'x'.repeat(40));
  await press('form[action="/sign-in"] button');
  assert.equal(await page.inputValue('#token'), '', 'a token is not shown again');
  await seen('sign-in-wrong', false);
  await page.fill('#token', TOKEN.replaceAll('-', ''));
  await press('form[action="/sign-in"] button');
  await seen('at-work', false);

  await tell({ ...caller, date: '1901-13-01' });
  await press('form[action="/callers"] button');
  assert.equal(await page.inputValue('#name'), caller.name, 'a mistake costs nothing that was typed');
  await seen('mistake', false);
  await tell(caller);
  await press('form[action="/callers"] button');
  await seen('line');
  await press('form[action="/line"] button');
  await page.waitForURL(/\/find/);
  await seen('find');
  await press('main a[href*="first="]');
  await seen('clinic');
  await press('#second a[href*="second_day="]');
  await page.locator('form[action="/holds"] input[type="radio"]').first().check();
  await press('form[action="/holds"] button');
  await seen('consent');
  await press('form[action="/holds"] button');
  await seen('hold');
  await press('form[action="/hold/confirm"] button');
  await seen('done');
  const number = (await page.locator('.number').textContent()).trim();
  assert.match(number, /^\d{4}-\d{4}-\d{3}$/);
  await page.reload();
  assert.equal((await page.locator('.number').textContent()).trim(), number, 'a page loaded again asks for nothing twice');

  await page.goto(`${agents}/reservations/${number}/cancel`);
  await seen('cancel');
  await press(`form[action="/reservations/${number}/cancel"] button`);
  await seen('cancelled');
  await press('form[action="/callers/end"] button');
  await seen('ended', false);

  // The next one: nothing of whoever called before is there, on whatever page the back button leads to.
  await tell(next);
  await press('form[action="/callers"] button');
  await page.goto(`${agents}/reservations`);
  assert.ok(!(await page.textContent('body')).includes(number), 'the next caller has their own reservations');
  await press('form[action="/callers/end"] button');
  await page.goto(`${agents}/reservations`);
  assert.match(new URL(page.url()).pathname, /^\/(sign-in)?$/, 'without a caller there are no reservations');
  await page.context().close();
}

for (const [language, width, script] of [['ko', 390, true], ['en', 1280, true], ['en', 320, false], ['ko', 1280, false]]) {
  const name = `${language}-${width}${script ? '' : '-noscript'}`;
  check(`an agent reserves and cancels for a caller, and keeps nothing for the next: ${name}`, () => call({ name, language, width, script }), 120_000);
}

await run(async () => {
  await browser.close();
  await charye.end();
  await folder.remove();
});
