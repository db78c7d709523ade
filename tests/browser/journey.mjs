// The main job in a browser: a citizen comes, asks for their day, signs in, finds a clinic, holds both doses, reserves, reads
// the reservation again, cancels it. With script and without, in Korean and English, narrow and wide, and once with the
// keyboard only. On every page: no accessibility finding, no request to another host, no sideways scrolling.
// CHARYE_SCREENSHOTS=FOLDER keeps a picture of the main pages.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { axeFindings, newCitizen, openBrowser } from './driver/browser.mjs';
import { dataFolder, startDemo } from './driver/charye.mjs';
import { peopleOfToday } from './driver/people.mjs';
import { check, run } from './driver/suite.mjs';

const SHOTS = process.env.CHARYE_SCREENSHOTS;
const folder = await dataFolder();
const demo = await startDemo(folder.path);
const browser = await openBrowser();
const citizens = await peopleOfToday(demo, folder.path);

/** One visitor: a page that notes what it loads, and judges every page it is shown. */
class Visitor {
  static async come(name, options) {
    const page = await newCitizen(browser, options);
    return new Visitor(name, page, options);
  }

  constructor(name, page, { script = true, keyboard = false, width = 1280 } = {}) {
    Object.assign(this, { name, page, script, keyboard, width, foreign: [] });
    page.on('request', (request) => {
      if (!request.url().startsWith(demo.url)) this.foreign.push(request.url());
    });
  }

  async open(path) {
    await this.page.goto(demo.url + path);
  }

  /** What every page owes everyone. */
  async judge(what) {
    const { page } = this;
    assert.equal(await page.locator('h1').count(), 1, `${what} has one heading`);
    assert.deepEqual(this.foreign, [], `${what} asks no other host`);
    if (this.script) {
      assert.deepEqual(await axeFindings(page), [], `${what} (${this.name})`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(overflow <= 0, `${what} scrolls sideways by ${overflow} px at ${this.width}`);
    }
    if (SHOTS) await page.screenshot({ path: join(SHOTS, `${what}-${this.name}.png`), animations: 'disabled' });
  }

  /** Moves the focus there as somebody without a mouse does. */
  async reach(locator) {
    for (let presses = 0; presses < 400; presses += 1) {
      await this.page.keyboard.press('Tab');
      if (await locator.evaluate((element) => element === document.activeElement)) return;
    }
    assert.fail(`the keyboard does not reach ${locator}`);
  }

  /** Signs in, from wherever that is asked for, and goes in. */
  async enter(citizen) {
    if (!this.page.url().includes('/sign-in')) await this.open('/sign-in');
    await this.judge('sign-in');
    await this.type('#number', citizen.number);
    await this.press('form:has(#number) button');
    await this.judge('line');
    await this.press('form[action="/line"] button');
  }

  async press(selector) {
    const target = this.page.locator(selector).first();
    if (!this.keyboard) {
      await target.click();
    } else if ((await target.getAttribute('type')) === 'radio') {
      await this.reach(target);
      await this.page.keyboard.press('Space');
    } else {
      await this.reach(target);
      await Promise.all([this.page.waitForNavigation(), this.page.keyboard.press('Enter')]);
    }
    await this.page.waitForLoadState();
  }

  async type(selector, text) {
    const target = this.page.locator(selector);
    if (!this.keyboard) return target.fill(text);
    await this.reach(target);
    return this.page.keyboard.type(text);
  }
}

/** The whole journey; answers the visitor for what one still wants to know. */
async function journey(name, options) {
  const citizen = citizens.pop();
  const visitor = await Visitor.come(name, options);
  const { page } = visitor;
  await visitor.open('/');
  await visitor.judge('landing');

  const [year, month, day] = citizen.born.split('-');
  await visitor.type('#birth-year', year);
  await visitor.type('#birth-month', month);
  await visitor.type('#birth-day', day);
  await visitor.press('form[action="/my-day"] button');
  await visitor.judge('my-day');

  await visitor.press('main a.button[href="/line"]');
  await visitor.enter(citizen);
  await visitor.judge('find');

  await visitor.press('main a[href*="first="]');
  await visitor.judge('clinic');
  await visitor.press('#second a[href*="second_day="]');
  await visitor.judge('second-dose');
  await visitor.press('form[action="/holds"] input[type="radio"]');
  await visitor.press('form[action="/holds"] button');
  await visitor.judge('consent');
  await visitor.press('form[action="/holds"] button');
  await visitor.judge('hold');
  await visitor.press('form[action="/hold/extend"] button');
  await visitor.press('form[action="/hold/confirm"] button');
  await visitor.judge('done');
  const number = (await page.locator('.number').textContent()).trim();
  assert.match(number, /^\d{4}-\d{4}-\d{3}$/);

  // Back and reload ask nothing twice.
  await page.reload();
  assert.equal((await page.locator('.number').textContent()).trim(), number);
  await page.goBack();
  await page.goForward();
  assert.equal((await page.locator('.number').textContent()).trim(), number);

  await visitor.open('/reservations');
  assert.ok((await page.locator('main').textContent()).includes(number));
  await visitor.judge('reservations');
  await visitor.open(`/reservations/${number}/cancel`);
  await visitor.judge('cancel');
  await visitor.press(`form[action="/reservations/${number}/cancel"] button`);
  await visitor.judge('cancelled');
  return visitor;
}

for (const language of ['ko', 'en']) {
  for (const width of [320, 1280]) {
    for (const script of [true, false]) {
      const name = `${language}-${width}${script ? '' : '-noscript'}`;
      check(`a citizen reserves and cancels: ${name}`, async () => {
        const visitor = await journey(name, { language, width, script });
        assert.equal(await visitor.page.locator('html').getAttribute('lang'), language);
        await visitor.page.context().close();
      }, 120_000);
    }
  }
}

check('a citizen reserves and cancels with the keyboard only', async () => {
  const visitor = await journey('keyboard', { language: 'ko', width: 1280, keyboard: true });
  await visitor.page.context().close();
}, 180_000);

check('the problems page and a page that is not there have no finding either', async () => {
  const visitor = await Visitor.come('problems', { language: 'ko', width: 320 });
  await visitor.open('/problems');
  await visitor.judge('problems');
  await visitor.open('/nowhere');
  await visitor.judge('not-found');
});

check('every page on the way comes compressed, within 6 requests and 40 KB of what is sent, with all it loads', async () => {
  const inside = await Visitor.come('bytes', { language: 'ko', width: 320 });
  await inside.enter(citizens.pop());
  const clinic = await inside.page.locator('main a[href*="first="]').first().getAttribute('href');
  const stranger = await Visitor.come('bytes', { language: 'ko', width: 320 });
  const ways = [[stranger, ['/', '/sign-in', '/problems']], [inside, ['/find', clinic, '/hold', '/consent', '/reservations', '/my-data']]];
  for (const [visitor, paths] of ways) {
    for (const path of paths) {
      // Another tab, with nothing of the pages before: all it loads is counted.
      const tab = await visitor.page.context().newPage();
      const network = await visitor.page.context().newCDPSession(tab);
      await network.send('Network.enable');
      await network.send('Network.setCacheDisabled', { cacheDisabled: true });
      const loaded = [];
      tab.on('requestfinished', (request) => loaded.push(request));
      const answer = await tab.goto(demo.url + path);
      const plain = (await answer.body()).length;
      const sizes = await Promise.all(loaded.map((request) => request.sizes()));
      const sent = sizes.reduce((total, { responseBodySize, responseHeadersSize }) => total + responseBodySize + responseHeadersSize, 0);
      console.log(`      ${path}: ${loaded.length} requests, ${sent} bytes sent; the page is ${plain} bytes`);
      if (plain >= 1_500) assert.equal(answer.headers()['content-encoding'], 'gzip', path);
      assert.ok(loaded.length <= 6 && sent <= 40_000, `${path}: ${loaded.length} requests, ${sent} bytes`);
      await tab.close();
    }
    await visitor.page.context().close();
  }
}, 120_000);

await run(async () => {
  await browser.close();
  await demo.end();
  await folder.remove();
});
