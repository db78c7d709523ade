// Debian's Chromium, driven by playwright-core, with a profile of its own that nothing outlives. Used by the browser
// suites. Never downloads a browser and never leaves the machine: whatever is not loopback cannot be resolved.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

/** Starts a browser. Close it with `close()`. */
export function openBrowser() {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS, timeout: 30_000 });
}

/**
 * A page of a citizen who has never been here.
 *
 * @param {{script?: boolean, width?: number, language?: string}} citizen script on or off, width in CSS pixels, `ko` or `en`
 */
export async function newCitizen(browser, { script = true, width = 1280, language = 'ko' } = {}) {
  const context = await browser.newContext({
    javaScriptEnabled: script,
    viewport: { width, height: 900 },
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    timezoneId: 'Asia/Seoul',
  });
  context.setDefaultTimeout(60_000);
  return context.newPage();
}

let axe;

/** What axe-core finds wrong on a page (WCAG 2.2 AA): one line each, empty when nothing. Needs script on. */
export async function axeFindings(page) {
  axe ??= await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // Evaluated by the debugger, so that the page's own content security policy can stay as strict as it is.
  await page.evaluate(axe);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations } = await page.evaluate((values) => window.axe.run(document, { runOnly: { type: 'tag', values } }), tags);
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id} at ${target.join(' ')}: ${help}`));
}
