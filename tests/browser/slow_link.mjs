// The way of a citizen on the worst link: 50 kB a second, 400 ms away, and now and then gone in the middle of a page. Nothing
// here looks at the time that anything took: each step is held to bytes and requests, and to being usable with what has
// arrived. And what is printed at the end: one sheet of paper with what one needs at the clinic.
// CHARYE_SCREENSHOTS=FOLDER keeps a picture of the sheet.

import assert from 'node:assert/strict';
import { createServer, request as ask } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { newCitizen, openBrowser } from './driver/browser.mjs';
import { dataFolder, startDemo } from './driver/charye.mjs';
import { peopleOfToday } from './driver/people.mjs';
import { check, run } from './driver/suite.mjs';

const SHOTS = process.env.CHARYE_SCREENSHOTS;
const REQUESTS_MAX = 6;
const BYTES_MAX = 40_000;
const SLOW = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };
/** An A4 sheet less margins of 12 mm, in CSS pixels. */
const SHEET = { width: 703, height: 1_032 };

const folder = await dataFolder();
const demo = await startDemo(folder.path);
const browser = await openBrowser();
const citizens = await peopleOfToday(demo, folder.path);

const STEPS = [
  { name: 'landing', press: '#my-day button', fill: birthDate },
  { name: 'my-day', press: 'main a.button[href="/line"]' },
  { name: 'sign-in', press: 'form:has(#number) button', fill: (page, { number }) => page.fill('#number', number) },
  { name: 'line', press: 'form[action="/line"] button' },
  { name: 'find', press: 'main a[href*="first="]' },
  { name: 'clinic', press: '#second a[href*="second_day="]' },
  { name: 'second-dose', press: 'form[action="/holds"] button', fill: (page) => page.locator('form[action="/holds"] input[type="radio"]').first().check() },
  { name: 'consent', press: 'form[action="/holds"] button' },
  { name: 'hold', press: 'form[action="/hold/confirm"] button' },
  { name: 'done' },
];

async function birthDate(page, { born }) {
  const [year, month, day] = born.split('-');
  await page.fill('#birth-year', year);
  await page.fill('#birth-month', month);
  await page.fill('#birth-day', day);
}

/** Goes the whole way; `before` each press is told the page and the step. */
async function walk(page, citizen, before) {
  // Not waiting for what a page loads besides itself: some of it never comes here.
  const goesOn = (act) => Promise.all([page.waitForNavigation({ waitUntil: 'commit' }), act()]);
  await page.goto(demo.url, { waitUntil: 'commit' });
  for (const step of STEPS) {
    await page.locator('footer').waitFor();
    await step.fill?.(page, citizen);
    await before(page, step);
    if (step.press) await goesOn(() => page.locator(step.press).first().click({ noWaitAfter: true }));
  }
  assert.match(page.url(), /\/reservations\/\d{4}-/);
}

check(`on a slow link each step is at most ${REQUESTS_MAX} requests and ${BYTES_MAX} bytes, the first page's assets included`, async () => {
  const page = await newCitizen(browser, { language: 'ko', width: 320 });
  page.context().setDefaultTimeout(60_000);
  const network = await page.context().newCDPSession(page);
  await network.send('Network.enable');
  await network.send('Network.emulateNetworkConditions', SLOW);
  let [requests, bytes] = [0, 0];
  network.on('Network.requestWillBeSent', () => { requests += 1; });
  network.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
  await walk(page, citizens.pop(), async (_, step) => {
    await page.waitForLoadState('load');
    console.log(`      ${step.name}: ${requests} requests, ${bytes} bytes`);
    assert.ok(requests >= 1 && requests <= REQUESTS_MAX, `${step.name}: ${requests} requests`);
    assert.ok(bytes > 0 && bytes <= BYTES_MAX, `${step.name}: ${bytes} bytes`);
    [requests, bytes] = [0, 0];
  });
  await page.context().close();
}, 240_000);

check('each step is usable before any script has arrived, and stays so if it never does', async () => {
  const page = await newCitizen(browser, { language: 'ko', width: 320 });
  const held = [];
  // Asked for, and not answered until the way is gone: a script that blocked anything would hold the way up.
  await page.route('**/*.js', (route) => { held.push(route); });
  await walk(page, citizens.pop(), async () => {});
  assert.ok(held.length >= 3, `${held.length} scripts were waited for by nobody`);
  await Promise.all(held.map((route) => route.abort().catch(() => {})));
  await page.context().close();
}, 120_000);

check('without its stylesheet each step can still be read and gone on from', async () => {
  const page = await newCitizen(browser, { language: 'en', width: 320 });
  await page.route('**/*.css', (route) => route.abort());
  await walk(page, citizens.pop(), async () => {});
  await page.context().close();
}, 120_000);

/** Stands between the browser and the program and cuts the first answer to each page in its middle. */
async function cuttingLink() {
  const seen = new Set();
  let cuts = 0;
  const link = createServer((asked, answered) => {
    const headers = { ...asked.headers, 'accept-encoding': 'identity' };
    const onward = ask(demo.url + asked.url, { method: asked.method, headers }, (answer) => {
      const isPage = asked.method === 'GET' && answer.statusCode === 200 && (answer.headers['content-type'] ?? '').startsWith('text/html');
      const path = asked.url.split('?')[0];
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => {
        const whole = Buffer.concat(parts);
        answered.writeHead(answer.statusCode, { ...answer.headers, 'content-length': whole.length, connection: 'close' });
        if (!isPage || seen.has(path)) return answered.end(whole);
        seen.add(path);
        cuts += 1;
        return answered.write(whole.subarray(0, whole.length >> 1), () => setTimeout(() => answered.socket?.destroy(), 50));
      });
    });
    onward.on('error', () => answered.destroy());
    asked.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(link, 'listening');
  const close = () => { link.close(); link.closeAllConnections(); };
  return { url: `http://127.0.0.1:${link.address().port}`, cuts: () => cuts, close };
}

check('a page that is cut in its middle is whole after a reload, at every step, and nothing is done twice', async () => {
  const link = await cuttingLink();
  const page = await newCitizen(browser, { language: 'ko', width: 320 });
  // A press whose answer is cut is waited for in vain: so long, and no longer.
  page.context().setDefaultTimeout(15_000);
  const citizen = citizens.pop();
  const whole = async () => {
    for (let tries = 0; tries < 3; tries += 1) {
      const there = await page.locator('footer a[href="/problems"]').count().catch(() => 0);
      if (there > 0 && page.url().startsWith(link.url)) return;
      await page.reload().catch(() => {});
      await page.waitForLoadState('domcontentloaded').catch(() => {});
    }
    assert.fail(`${page.url()} is not whole`);
  };
  await page.goto(link.url).catch(() => {});
  for (const step of STEPS) {
    await page.waitForTimeout(300);
    await whole();
    await step.fill?.(page, citizen);
    if (step.press) await page.locator(step.press).first().click().catch(() => {});
    await page.waitForLoadState('domcontentloaded').catch(() => {});
  }
  assert.match(page.url(), /\/reservations\/\d{4}-\d{4}-\d{3}/);
  assert.ok(link.cuts() >= 6, `${link.cuts()} pages were cut`);
  await page.goto(`${link.url}/reservations`).catch(() => {});
  await page.waitForTimeout(300);
  await whole();
  assert.equal(await page.locator('main .cards > li').count(), 1, 'one reservation');
  await page.context().close();
  link.close();
}, 400_000);

for (const language of ['ko', 'en']) {
  check(`what is printed is one sheet with number, code, clinic, address, days and what to bring, and nothing to press: ${language}`, async () => {
    const page = await newCitizen(browser, { language });
    await walk(page, citizens.pop(), async () => {});
    await page.waitForLoadState('load');
    const number = page.url().match(/\d{4}-\d{4}-\d{3}/)[0];
    await page.emulateMedia({ media: 'print' });
    await page.setViewportSize(SHEET);
    const shown = await page.locator('main').innerText();
    for (const what of [number, ...(language === 'ko' ? ['신분증', '1차', '2차'] : ['Dose 1', 'Dose 2'])]) assert.ok(shown.includes(what), `${what} stands on it: ${shown}`);
    const places = page.locator('main .place');
    assert.equal(await places.count(), 2);
    for (const place of await places.all()) {
      const told = await place.innerText();
      assert.match(told, /\d{1,2}:\d\d|오전|오후|am|pm/, 'a time');
      assert.ok((await place.locator('span[lang=ko]').innerText()).trim().length > 5, 'an address');
    }
    assert.ok(await page.locator('.qr svg').isVisible(), 'the code');
    for (const selector of ['header.site', 'nav', 'footer', '.skip', 'button', 'a.button', '.noprint', '.rehearsal-banner']) {
      for (const there of await page.locator(selector).all()) assert.equal(await there.isVisible(), false, `${selector} is not printed`);
    }
    const pdf = (await page.pdf({ format: 'A4', margin: { top: '12mm', bottom: '12mm', left: '12mm', right: '12mm' } })).toString('latin1');
    const sheets = pdf.match(/\/Type\s*\/Page\b(?!s)/g)?.length;
    if (SHOTS) await page.screenshot({ path: join(SHOTS, `printed-${language}.png`), fullPage: true });
    assert.equal(sheets, 1, 'one sheet');
    await page.context().close();
  }, 120_000);
}

await run(async () => {
  await browser.close();
  await demo.end();
  await folder.remove();
});
