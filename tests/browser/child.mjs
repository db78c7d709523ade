// A child's way in a browser: a guardian signs in as themselves, answers for their child by the registry's word, waits in the
// child's place, reserves both doses of the bundled campaign for those aged 5 to 11, and gives them back. With script and
// without, in Korean and English; every page says for whom one acts, and the guardian has no reservation of their own.
// CHARYE_SCREENSHOTS=FOLDER keeps a picture of each page.

import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { axeFindings, newCitizen, openBrowser } from './driver/browser.mjs';
import { dataFolder, runCharye, startDemo, startServe } from './driver/charye.mjs';
import { check, run } from './driver/suite.mjs';

const SHOTS = process.env.CHARYE_SCREENSHOTS;
const CAMPAIGN = 'kr-2022-5-11';
const BUNDLED = fileURLToPath(new URL(`../../campaigns/${CAMPAIGN}.toml`, import.meta.url));
const DAY_MS = 86_400_000;
/** Days between the doses, as the bundled campaign has them. */
const APART = { from: 56, to: 70 };

const folder = await dataFolder();
const data = join(folder.path, 'demo');
await (await startDemo(data)).end();
const families = await makeFamilies();
const charye = await serve();
const browser = await openBrowser();

/** Some grown-ups of the demo's nation, each with a child of their own: made up, the check digit of its number is wrong. */
async function makeFamilies() {
  const file = join(data, 'nation', 'citizens.csv');
  const rows = (await readFile(file, 'utf8')).trim().split('\n').slice(1).map((row) => row.split(','));
  const guardians = rows.filter(([, , , born]) => born >= '1973' && born < '1990').slice(0, 4);
  const made = guardians.map(([number], at) => ({ guardian: number, child: `150309396111${at}`, name: `김하나${'가나다라'[at]}` }));
  await appendFile(file, made.map(({ guardian, child, name }) => `${child},${name},Hana Kim,2015-03-09,,11110,${guardian}\n`).join(''));
  return made;
}

/** The demo's data with the bundled campaign beside the demo's, moved so that its first day is today, and ten clinics for it. */
async function serve() {
  const later = (date, days) => new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
  const today = new Date().toISOString().slice(0, 10);
  const days = Math.round((Date.parse(today) - Date.parse('2022-04-01')) / DAY_MS);
  const moved = (await readFile(BUNDLED, 'utf8'))
    .replaceAll(/^(?!born_)(.*= )(2022-\d\d-\d\d)/gm, (_, before, date) => before + later(date, days))
    .replace('connecting-information', 'rehearsal')
    .replace('holidays = "kr"\n', '');
  const campaign = join(folder.path, 'children.toml');
  await writeFile(campaign, moved);

  const clinics = (await readFile(join(data, 'nation', 'clinics.csv'), 'utf8')).split('\n').slice(1, 11).map((row) => row.split(',')[0]);
  const sessions = join(folder.path, 'sessions.csv');
  const rows = clinics.flatMap((code) => [1, 2].map((dose) => `${code},pfizer-5-11,${dose},${later(today, 7)},${later(today, 100)},mon-fri,14:00,17:00,30,2`));
  await writeFile(sessions, ['clinic_code,product,dose,first_day,last_day,weekdays,start,end,slot_minutes,capacity', ...rows, ''].join('\n'));

  const config = join(folder.path, 'charye.toml');
  await writeFile(config, `
[data]
folder = "${data}"
[listen]
address = "127.0.0.1:0"
[engine]
accept_clock = true
people = 100000
[rehearsal]
enabled = true
identity_port = 0
citizens = "${join(data, 'nation', 'citizens.csv')}"
`);
  await runCharye(['campaign', 'publish', campaign, '--config', config]);
  await runCharye(['import', 'sessions', sessions, '--campaign', CAMPAIGN, '--config', config]);
  return startServe(config);
}

/** What every page owes everyone, and whoever acts for somebody: whom for. */
async function judge(page, { name, script, width }, what, childs = true) {
  assert.equal(await page.locator('h1').count(), 1, `${what} has one heading`);
  const told = await page.locator('form[action="/helping/stop"]').count();
  assert.equal(told, childs ? 1 : 0, `${what} says for whom one acts`);
  if (script) {
    assert.deepEqual(await axeFindings(page), [], what);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(overflow <= 0, `${what} scrolls sideways by ${overflow} px at ${width}`);
  }
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `child-${what}-${name}.png`), animations: 'disabled', fullPage: true });
}

async function childsWay(options) {
  const { guardian, child, name } = families.pop();
  const page = await newCitizen(browser, options);
  const seen = (what, childs) => judge(page, options, what, childs);
  const press = async (selector) => {
    await page.locator(selector).first().click();
    await page.waitForLoadState();
  };

  await page.goto(`${charye.url}/helping`);
  await page.fill('#number', guardian);
  await press('form:has(#number) button');
  await seen('helping', false);
  await page.fill('#child-name', name);
  await page.fill('#birth-year', '2015');
  await page.fill('#birth-month', '3');
  await page.fill('#birth-day', '9');
  await page.fill('#child-number', `${child}0`);
  await press('form[action="/helping/child"] button');
  assert.equal(await page.inputValue('#child-name'), name, 'a wrong number costs nothing that was typed');
  await seen('no-such-child', false);
  await page.fill('#child-number', child);
  await press('form[action="/helping/child"] button');
  await press('form[action$="/act"] button');
  await seen('acting');
  assert.ok((await page.textContent('body')).includes(name), 'by name');

  await page.goto(`${charye.url}/line`);
  await seen('line');
  assert.equal(await page.locator('form[action="/line"]').count(), 1, 'one campaign is for children of that age');
  await press(`form[action="/line"]:has([value="${CAMPAIGN}"]) button`);
  await page.waitForURL(/\/find/);
  await seen('find');
  await press('main a[href*="first="]');
  await seen('clinic');
  await press('#second a[href*="second_day="]');
  await page.locator('form[action="/holds"] input[type="radio"]').first().check();
  await seen('second-dose');
  await press('form[action="/holds"] button');
  await seen('consent');
  await press('form[action="/holds"] button');
  await seen('hold');
  await press('form[action="/hold/confirm"] button');
  await seen('done');
  const number = (await page.locator('.number').textContent()).trim();
  assert.match(number, /^\d{4}-\d{4}-\d{3}$/);
  const days = await daysOf(page, number);
  const apart = (days[1] - days[0]) / DAY_MS;
  assert.ok(apart > APART.from - 1 && apart < APART.to + 1, `both doses, ${apart} days apart`);

  await press('form[action="/helping/stop"] button');
  await page.goto(`${charye.url}/reservations`);
  assert.ok(!(await page.textContent('main')).includes(number), 'the guardian has none of their own');
  await seen('own', false);
  await page.goto(`${charye.url}/helping`);
  await press('form[action$="/act"] button');
  await page.goto(`${charye.url}/reservations`);
  assert.ok((await page.textContent('main')).includes(number), 'the child has it');
  await seen('reservations');
  await page.goto(`${charye.url}/reservations/${number}/cancel`);
  await seen('cancel');
  await press(`form[action="/reservations/${number}/cancel"] button`);
  await seen('cancelled');
  await page.context().close();
}

/** The days of both doses, as the calendar file has them. */
async function daysOf(page, number) {
  const href = await page.locator(`a[href^="/reservations/${number}/"][href$=".ics"]`).first().getAttribute('href');
  const calendar = await (await page.context().request.get(charye.url + href)).text();
  const starts = [...calendar.matchAll(/^DTSTART[^:]*:(\d{4})(\d\d)(\d\d)/gm)].map(([, year, month, day]) => Date.UTC(year, month - 1, day));
  assert.equal(starts.length, 2, calendar);
  return starts;
}

for (const [language, width, script] of [['ko', 390, true], ['en', 1280, true], ['en', 320, false], ['ko', 1280, false]]) {
  const name = `${language}-${width}${script ? '' : '-noscript'}`;
  check(`a guardian reserves both doses for a child and gives them back: ${name}`, () => childsWay({ name, language, width, script }), 120_000);
}

await run(async () => {
  await browser.close();
  await charye.end();
  await folder.remove();
});
