// The waiting page in a browser, in every state, from the gallery: what its script does with what polls tell, and what the
// page weighs. The server here only hands out the gallery and answers polls as a check tells it to.
// CHARYE_GALLERY=FOLDER takes a gallery that is there already; CHARYE_SCREENSHOTS=FOLDER keeps pictures.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { axeFindings, newCitizen, openBrowser } from './driver/browser.mjs';
import { dataFolder } from './driver/charye.mjs';
import { POLICY, TYPES, renderGallery } from './driver/gallery.mjs';
import { check, run } from './driver/suite.mjs';

const SHOTS = process.env.CHARYE_SCREENSHOTS;
const BYTES_MAX = 14 * 1024;

const folder = await dataFolder();
const gallery = process.env.CHARYE_GALLERY ?? (await renderGallery(folder.path));
const browser = await openBrowser();
const server = createServer(answer).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}`;
/** What the next poll is told, or `null` for a connection that breaks; and what was asked so far. */
const line = { told: null, polls: [], pages: 0, again: 300 };

async function answer(request, response) {
  if (request.url === '/api/v1/line') {
    line.polls.push({ ticket: request.headers['charye-ticket'], at: performance.now() });
    if (line.told === null) return request.socket.destroy();
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(line.told));
  }
  const path = join(gallery, request.url);
  const content = await readFile(path).catch(() => null);
  if (content === null) return response.writeHead(404).end();
  const type = TYPES[path.split('.').at(-1)];
  const isPage = type === TYPES.html;
  if (isPage) line.pages += 1;
  const body = isPage ? content.toString().replace(/data-again="31000"/, `data-again="${line.again}"`) : content;
  return response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': POLICY }).end(body);
}

/** A sample of the waiting page; polls are told `told`. */
async function open(name, told, options = {}) {
  Object.assign(line, { told, polls: [], pages: 0, again: 300 });
  const page = await newCitizen(browser, options);
  await page.addInitScript(() => { Date.now = () => 0; });
  await page.goto(`${url}/${name}.html`);
  return page;
}

const waiting = (ahead, more = {}) => ({ state: 'waiting', ahead, behind: 10, ask_again_ms: 300, ...more });
const text = (page, id) => page.locator(`#${id}`).textContent();

/** Waits until a poll has been answered after this moment. */
async function polled(count) {
  const from = line.polls.length;
  while (line.polls.length < from + count) await new Promise((resolve) => setTimeout(resolve, 50));
}

check('the page follows what polls tell, in the words of its language', async () => {
  const page = await open('wait-waiting.ko', waiting(12_345, { wait: { from_secs: 725, to_secs: 1_290 } }));
  await page.waitForFunction(() => document.getElementById('ahead').textContent === '12,345명');
  assert.equal(await text(page, 'when'), '약 12분~22분 뒤');
  assert.equal(await text(page, 'behind'), '10명');
  assert.match(await page.title(), /^\(12,345\) /);
  const far = await page.locator('#me').getAttribute('d');
  line.told = waiting(1, { wait: { from_secs: 0, to_secs: 180 } });
  await page.waitForFunction(() => document.getElementById('ahead').textContent === '1명');
  assert.equal(await text(page, 'when'), '3분 안에');
  assert.notEqual(await page.locator('#me').getAttribute('d'), far);
  assert.match(line.polls[0].ticket, /^[\w-]{59}$/);
  await page.context().close();
});

check('numbers are counted as English counts them', async () => {
  const page = await open('wait-waiting.en', waiting(1, { at_least_secs: 3_900 }), { language: 'en' });
  await page.waitForFunction(() => document.getElementById('ahead').textContent === '1 person');
  assert.equal(await text(page, 'when'), 'More than 1 h 5 min');
  assert.equal(await text(page, 'behind'), '10 people');
  await page.context().close();
});

check('nobody is asked earlier than told, and a screen reader is left in peace', async () => {
  const page = await open('wait-waiting.ko', waiting(500));
  const said = await text(page, 'say');
  await polled(5);
  const gaps = line.polls.slice(1).map((poll, index) => poll.at - line.polls[index].at);
  assert.ok(gaps.every((gap) => gap >= 250), `${gaps}`);
  assert.equal(await text(page, 'say'), said, 'the live region speaks once a minute at most');
  await page.context().close();
});

check('when something else is true the page is loaded again', async () => {
  for (const told of [{ state: 'come', ask_again_ms: 0 }, waiting(5, { paused: 'nothing_left' }), { state: 'over', ask_again_ms: 0 }]) {
    const page = await open('wait-waiting.ko', told);
    await page.waitForEvent('load', { timeout: 60_000 });
    assert.ok(line.pages >= 2, `${JSON.stringify(told)}: ${line.pages} pages`);
    await page.context().close();
  }
}, 90_000);

check('a line that stands still in the same way loads nothing again', async () => {
  const page = await open('wait-paused.ko', waiting(512, { paused: 'operator' }));
  await polled(3);
  assert.equal(line.pages, 1);
  await page.context().close();
});

check('a broken connection is told calmly and mends by itself', async () => {
  const page = await open('wait-waiting.ko', null);
  await page.locator('#offline').waitFor({ state: 'visible' });
  line.told = waiting(7);
  await page.locator('#offline').waitFor({ state: 'hidden' });
  assert.equal(line.pages, 1);
  await page.context().close();
});

check('a countdown follows the server and not the clock of the device', async () => {
  // Every page here is told by its device that it is 1970.
  const page = await open('wait-enrolled.ko', { state: 'enrolled', opens_in_ms: 4_810_000, ask_again_ms: 60_000 });
  assert.equal((await page.locator('[data-opens-in]').textContent()).trim(), '1시간 20분');
  await page.context().close();
});

check('in every state: no accessibility finding, no sideways scrolling, small with all it loads', async () => {
  const names = (await readdir(gallery)).filter((name) => name.startsWith('wait-') && name.endsWith('.html'));
  assert.ok(names.length >= 20, `${names.length} samples`);
  let heaviest = 0;
  for (const name of names) {
    const language = name.includes('.ko.') ? 'ko' : 'en';
    for (const width of [320, 1280]) {
      Object.assign(line, { told: null, again: 0 });
      const page = await newCitizen(browser, { language, width });
      const loaded = [];
      page.on('requestfinished', (request) => loaded.push(request));
      await page.goto(`${url}/${name}`);
      const bodies = await Promise.all(loaded.map(async (request) => (await request.response()).body()));
      const packed = bodies.reduce((total, body) => total + gzipSync(body).length, 0);
      heaviest = Math.max(heaviest, packed);
      assert.ok(packed <= BYTES_MAX, `${name}: ${packed} bytes compressed`);
      await page.locator('details').evaluateAll((all) => all.forEach((details) => { details.open = true; }));
      assert.deepEqual(await axeFindings(page), [], `${name} at ${width}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(overflow <= 0, `${name} scrolls sideways by ${overflow} px at ${width}`);
      if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}-${width}.png`), fullPage: true });
      await page.context().close();
    }
  }
  console.log(`      at most ${heaviest} bytes compressed, page, stylesheet, script and icon`);
}, 180_000);

await run(async () => {
  await browser.close();
  server.close();
  server.closeAllConnections();
  await folder.remove();
});
