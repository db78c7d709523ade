// The pictures in docs/screenshots: the key pages as citizens meet them on the demo's evening, and, from the gallery, states
// that no demo reaches by itself. A phone is 390 px wide here, a desk 1280.
//
//   node tests/browser/screenshots.mjs docs/screenshots     writes them there; without a folder they are only taken
//
// The pages are the program's own, so a picture that is out of date is one run away from being right.

import assert from 'node:assert/strict';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { newCitizen, openBrowser } from './driver/browser.mjs';
import { dataFolder, startDemo } from './driver/charye.mjs';
import { renderGallery, serveGallery } from './driver/gallery.mjs';
import { peopleOfToday } from './driver/people.mjs';
import { check, run } from './driver/suite.mjs';

const TOTAL_BYTES_MAX = 1_500_000;
const HEIGHT_MAX = 1_150;

const folder = await dataFolder();
const shots = resolve(process.argv[2] ?? join(folder.path, 'pictures'));
const demo = await startDemo(folder.path, { scale: '40' });
// Not before the demo has made its folder its own: it takes an empty one only.
await mkdir(shots, { recursive: true });
const browser = await openBrowser();
const citizens = await peopleOfToday(demo, folder.path);

/** A page as somebody has it before them, in a window of this size. */
async function window(language, width, scheme = 'light') {
  const page = await newCitizen(browser, { language, width });
  await page.setViewportSize({ width, height: width < 600 ? 844 : 900 });
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
  return page;
}

/** Pictures taken so far: the folder may have others, of the rehearsal's report. */
const taken = [];

/** Keeps the page as it is, from its top, at most so high. */
async function keep(page, name, heightMax = HEIGHT_MAX) {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  const { width } = page.viewportSize();
  taken.push(`${name}.png`);
  await page.screenshot({
    path: join(shots, `${name}.png`),
    animations: 'disabled',
    fullPage: true,
    clip: { x: 0, y: 0, width, height: Math.min(height, heightMax) },
  });
}

/** From the first page to a reservation, with a picture of each step that `names` names. */
async function journey(page, names) {
  const shot = async (step) => names[step] && keep(page, names[step]);
  const citizen = citizens.pop();
  await page.goto(demo.url);
  await shot('landing');
  const [year, month, day] = citizen.born.split('-');
  await page.fill('#birth-year', year);
  await page.fill('#birth-month', month);
  await page.fill('#birth-day', day);
  await page.click('form[action="/my-day"] button');
  await shot('myDay');
  await page.click('main a.button[href="/line"]');
  await shot('signIn');
  await page.fill('#number', citizen.number);
  await page.click('form:has(#number) button');
  await page.click('form[action="/line"] button');
  await page.waitForURL(/\/find/);
  if (names.map) {
    await page.locator('.map details').evaluate((details) => { details.open = true; });
    await keep(page, names.map);
  }
  await page.goto(`${demo.url}/find?province=11&district=11110`);
  await shot('find');
  await page.click('main a[href*="first="]');
  await page.goto(page.url().split('#')[0]);
  await shot('clinic');
  await page.click('#second a[href*="second_day="]');
  await page.click('form[action="/holds"] input[type="radio"]');
  await shot('secondDose');
  await page.click('form[action="/holds"] button');
  await shot('consent');
  await page.click('form[action="/holds"] button');
  await shot('hold');
  await page.click('form[action="/hold/confirm"] button');
  assert.match(await page.locator('.number').textContent(), /\d{4}-\d{4}-\d{3}/);
  // Down to its QR code.
  if (names.done) await keep(page, names.done, 1_400);
  await page.goto(`${demo.url}/reservations`);
  await shot('reservations');
}

check('the way of a citizen on a phone, in Korean', async () => {
  await journey(await window('ko', 390), {
    landing: 'landing-ko-390', myDay: 'my-day-ko-390', find: 'find-ko-390', clinic: 'clinic-ko-390', consent: 'consent-ko-390',
    hold: 'hold-ko-390', done: 'done-ko-390',
  });
}, 120_000);

check('the way of a citizen at a desk, in English', async () => {
  await journey(await window('en', 1280), {
    landing: 'landing-en-1280', find: 'find-en-1280', clinic: 'clinic-en-1280', reservations: 'reservations-en-1280',
  });
}, 120_000);

check('the map of the provinces, and pages in the dark', async () => {
  await journey(await window('ko', 1280), { map: 'find-map-ko-1280' });
  await journey(await window('ko', 390, 'dark'), { find: 'find-ko-390-dark', hold: 'hold-ko-390-dark' });
}, 240_000);

check('waiting, sold out and a look of its own', async () => {
  const gallery = await serveGallery(process.env.CHARYE_GALLERY ?? (await renderGallery(join(folder.path, 'gallery'))));
  for (const [sample, name] of [
    ['wait-waiting.ko', 'waiting-ko-390'], ['sold-out.ko', 'sold-out-ko-390'], ['reservation-look.ko', 'look-ko-390'],
  ]) {
    const page = await window('ko', 390);
    await page.route(/\/(now|line\/.*\/now)/, (route) => route.fulfill({ status: 204 }));
    await page.goto(`${gallery.url}/${sample}.html`);
    await keep(page, name);
    await page.context().close();
  }
  gallery.close();
}, 300_000);

check('the pictures together are small enough to be kept with the code', async () => {
  const sizes = await Promise.all(taken.map(async (name) => (await stat(join(shots, name))).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  console.log(`      ${taken.length} pictures, ${total} bytes`);
  assert.ok(total <= TOTAL_BYTES_MAX, `${total} bytes`);
  for (const name of taken) assert.equal((await readFile(join(shots, name))).subarray(1, 4).toString(), 'PNG', name);
});

await run(async () => {
  await browser.close();
  await demo.end();
  await folder.remove();
});
