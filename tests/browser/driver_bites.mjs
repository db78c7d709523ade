// The driver of the browser suites, held against pages with known faults: a suite that finds nothing proves something
// only if the driver finds what is there.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { axeFindings, newCitizen, openBrowser } from './driver/browser.mjs';
import { check, run } from './driver/suite.mjs';

const page = (body) => `<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>차례</title></head><body><main><h1>차례</h1>${body}</main></body></html>`;
const pages = {
  '/right': page('<p id="word">예약</p>'),
  '/image': page('<img src="/right">'),
  '/faint': page('<p style="color:#aaa;background:#fff">예약</p>'),
  '/script': page('<p id="word">off</p><script src="/script.js"></script>'),
  '/script.js': 'document.getElementById("word").textContent = "on";',
};
const server = createServer((request, response) => {
  const type = request.url.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8';
  const policy = { 'content-security-policy': "default-src 'self'; style-src 'unsafe-inline'" };
  response.writeHead(pages[request.url] ? 200 : 404, { 'content-type': type, ...policy }).end(pages[request.url]);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const at = (path) => `http://127.0.0.1:${server.address().port}${path}`;
const browser = await openBrowser();

async function visit(path, citizen) {
  const visited = await newCitizen(browser, citizen);
  await visited.goto(at(path));
  return visited;
}

check('a page without faults has no findings', async () => {
  assert.deepEqual(await axeFindings(await visit('/right')), []);
});

check('an image without words is found', async () => {
  assert.match((await axeFindings(await visit('/image'))).join('\n'), /image-alt at img/);
});

check('faint text is found', async () => {
  assert.match((await axeFindings(await visit('/faint'))).join('\n'), /color-contrast at p/);
});

check('script is on when it is on and off when it is off', async () => {
  const word = async (script) => (await visit('/script', { script })).textContent('#word');
  assert.deepEqual([await word(true), await word(false)], ['on', 'off']);
});

check('Korean is drawn with a Korean font, not as boxes', async () => {
  const visited = await visit('/right');
  const drawn = async (text) => {
    await visited.evaluate((value) => { document.getElementById('word').textContent = value; }, text);
    return (await visited.locator('#word').screenshot()).toString('base64');
  };
  assert.notEqual(await drawn('예약'), await drawn('접종'));
});

check('another host cannot be reached', async () => {
  const visited = await newCitizen(browser);
  await assert.rejects(visited.goto('http://example.org/', { timeout: 10_000 }), /ERR_NAME_NOT_RESOLVED/);
});

await run(async () => {
  await browser.close();
  server.close();
});
