// Signing in at identity providers, in a browser: at certified ones by redirect and by an app that is asked to confirm (CIBA),
// and at the rehearsal's own by every flow there is, those of the presets among them (a redirect, a push, a hosted window). With
// script and without; what is denied is told, with the way on. The certified are those of tests/identity, on loopback, and the
// citizen is theirs; the campaign is a demo's, so that every page wears the banner of a rehearsal.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { axeFindings, newCitizen, openBrowser } from './driver/browser.mjs';
import { dataFolder, startDemo, startServe } from './driver/charye.mjs';
import { check, run, within } from './driver/suite.mjs';

const PROVIDERS = fileURLToPath(new URL('../identity/', import.meta.url));

const folder = await dataFolder();
const data = join(folder.path, 'demo');
await (await startDemo(data)).end();
const port = await freePort();
// Providers answer as 127.0.0.1: to a browser that is another site, as it is outside rehearsals.
const site = `http://localhost:${port}`;
const people = await readPeople();
const certified = await startCertified(`${site}/sign-in/redirect/callback`);
const charye = await serve();
const browser = await openBrowser();

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address();
  server.close();
  await once(server, 'close');
  return free;
}

/** Both providers, with the Node that they need; they end when their standard input does. */
async function startCertified(callback) {
  const kind = process.arch === 'arm64' ? 'arm64' : 'x64';
  const node = join(PROVIDERS, `node_modules/node-linux-${kind}/bin/node`);
  const child = spawn(node, ['provider/certified.mjs', callback], { cwd: PROVIDERS, stdio: ['pipe', 'pipe', 'ignore'] });
  const [line] = await within(60_000, once(createInterface({ input: child.stdout }), 'line'));
  return { ...JSON.parse(line), end: () => child.stdin.end() };
}

/** The demo's data, served with both providers. */
async function serve() {
  const host = (address) => JSON.stringify(address.replace('http://', ''));
  const block = (id, name, flow, issuer, more, preset = '') => `
[[identity.provider]]
id = "${id}"
${preset}
name = { ko = "${name}", en = "${name}" }
scheme = "rehearsal"
assurance = "rehearsed"
[identity.provider.${flow}]
issuer = "${issuer}"
client_id = "charye"
client_secret = { environment = "CERTIFIED" }
algorithms = ["RS256"]
scopes = ["openid", "profile", "phone"]
userinfo = false
${more}
[identity.provider.profile]
identifier = "/sub"
name = "/name"
birth_date = "/birthdate"
phone = "/phone_number"
`;
  const text = `
[data]
folder = "${data}"
[listen]
address = "127.0.0.1:${port}"
[engine]
accept_clock = true
people = 100000
[rehearsal]
enabled = true
identity_port = 0
citizens = "${join(data, 'nation', 'citizens.csv')}"
[identity]
public_url = "${site}"
private_hosts = [${host(certified.redirect)}, ${host(certified.ciba)}]
${block('redirect', 'Redirect', 'oidc', certified.redirect, 'client_proof = "basic"', 'preset = "naver"')}
${block('app', 'Certified app', 'ciba', certified.ciba, 'hint = "login"')}
`;
  const config = join(folder.path, 'charye.toml');
  await writeFile(config, text);
  return startServe(config, { CERTIFIED: 'a secret of the tests' });
}

/** A citizen at the page of choices, in English. */
async function atTheChoices(options) {
  const page = await newCitizen(browser, { language: 'en', ...options });
  await page.goto(`${site}/sign-in?next=%2Freservations`);
  return page;
}

/** What every page of ours owes everyone. */
async function judge(page, script) {
  assert.equal(await page.locator('h1').count(), 1, 'one heading');
  assert.equal(await page.locator('.rehearsal-banner').count(), 1, 'the banner of a rehearsal');
  if (script) assert.deepEqual(await axeFindings(page), []);
}

async function isSignedIn(page) {
  await page.waitForURL(`${site}/reservations`);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** Begins at one of the rehearsal's own; the page that its button leads to, after what it asks for was filled in. */
async function beginAt(name, fill, options) {
  const page = await atTheChoices(options);
  for (const [label, text] of Object.entries(fill)) {
    await page.locator('ul.providers > li', { hasText: name }).getByLabel(label).fill(text);
  }
  await page.getByRole('button', { name: `Sign in with ${name}`, exact: true }).click();
  return page;
}

/** Chooses who to be, on the page of a rehearsal's provider. */
async function chooseThere(page, citizen) {
  await page.waitForURL((url) => url.origin !== site);
  await page.getByRole('button', { name: citizen.name }).first().click();
}

/** Some of the demo's people, as its file has them: each signs in once, because nobody may six times in ten minutes. */
async function readPeople() {
  const [header, ...rows] = (await readFile(join(data, 'nation', 'citizens.csv'), 'utf8')).trim().split('\n');
  const names = header.split(',');
  return rows.slice(0, 40).map((row) => {
    const cells = Object.fromEntries(row.split(',').map((cell, at) => [names[at], cell]));
    return { number: cells.national_number, name: cells.name_ko, born: cells.birth_date };
  });
}

async function signInByRedirect(script) {
  const page = await atTheChoices({ script });
  await judge(page, script);
  await page.getByRole('button', { name: 'Sign in with Redirect' }).click();
  // Ours leads on by itself; from here on it is the provider's page.
  await page.waitForURL(`${certified.redirect}/**`);
  await page.locator('input[name=login]').fill('citizen-7');
  await page.locator('input[name=password]').fill('anything');
  await page.locator('button[type=submit]').click();
  await page.locator('input[name=prompt][value=consent]').waitFor({ state: 'attached' });
  await page.locator('button[type=submit]').click();
  await isSignedIn(page);
}

/** Begins at the app; the page that waits. */
async function askTheApp(script) {
  const page = await beginAt('Certified app', { 'Your user name or number there': 'citizen-7' }, { script });
  await page.getByRole('heading', { name: 'Please confirm on your phone' }).waitFor();
  await judge(page, script);
  return page;
}

for (const script of [true, false]) {
  const how = script ? 'with script' : 'without script';
  check(`a citizen is led to the provider and comes back signed in, ${how}`, () => signInByRedirect(script));
  check(`a citizen who confirms in the app is signed in without a press, ${how}`, async () => {
    const page = await askTheApp(script);
    await fetch(`${certified.hand}/confirm`);
    await isSignedIn(page);
  });
}

for (const script of [true, false]) {
  const how = script ? 'with script' : 'without script';
  for (const name of ['Rehearsal A', 'Rehearsal B']) {
    check(`${name}: led there, chosen, and back signed in, ${how}`, async () => {
      const page = await beginAt(name, {}, { script });
      await chooseThere(page, people.pop());
      await isSignedIn(page);
    });
  }
  check(`Rehearsal app C: asked by number, and signed in once confirmed there, ${how}`, async () => {
    const page = await beginAt('Rehearsal app C', { 'Your user name or number there': people.pop().number }, { script });
    await page.getByRole('heading', { name: 'Please confirm on your phone' }).waitFor();
    await isSignedIn(page);
  });
  check(`Rehearsal app D, a carrier's push: asked by name, birth date and phone, ${how}`, async () => {
    const citizen = people.pop();
    const fill = { Name: citizen.name, 'Date of birth': citizen.born, 'Mobile number': '010-0000-0000' };
    const page = await beginAt('Rehearsal app D', fill, { script });
    await page.getByRole('heading', { name: 'Please confirm on your phone' }).waitFor();
    await isSignedIn(page);
  });
  check(`Rehearsal window E: a form posted there, a sealed answer posted back, one press, ${how}`, async () => {
    const page = await beginAt('Rehearsal window E', {}, { script });
    await judge(page, script);
    await page.getByRole('button', { name: 'Go to Rehearsal window E' }).click();
    await chooseThere(page, people.pop());
    await page.getByRole('button', { name: 'Go back' }).click();
    await page.getByRole('heading', { name: 'Nearly done' }).waitFor();
    await judge(page, script);
    await page.getByRole('button', { name: 'Finish signing in' }).click();
    await isSignedIn(page);
  });
}

check('the choice shows every way with its light in word and shape, and the registry to nobody', async () => {
  const page = await atTheChoices({ script: true });
  const ways = await page.locator('ul.providers > li').allInnerTexts();
  assert.equal(ways.length, 7, ways.join(' | '));
  for (const way of ways) assert.match(way, /[●▲■✕] (Smooth|Delayed|Congested|Closed)/);
  assert.ok(!ways.some((way) => way.includes('registry')), ways.join(' | '));
  await judge(page, true);
});

check('a citizen who says no in the app is told so, with the way on', async () => {
  const page = await askTheApp(true);
  await fetch(`${certified.hand}/deny`);
  await page.getByRole('heading', { name: 'You did not finish signing in' }).waitFor();
  await judge(page, true);
  await page.getByRole('link', { name: 'Choose how to sign in' }).click();
  await page.waitForURL(`${site}/sign-in?next=%2Freservations`);
});

check('another browser cannot look in on a sign-in', async () => {
  await askTheApp(true);
  const other = await newCitizen(browser, { language: 'en' });
  await other.goto(`${site}/sign-in/app/wait`);
  await other.getByRole('heading', { name: 'This sign-in was not started in this browser' }).waitFor();
  await judge(other, true);
});

await run(async () => {
  await browser.close();
  await charye.end();
  certified.end();
  await folder.remove();
});
