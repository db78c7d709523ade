// The released program, started and ended as an operator would. Used by the suites. Ends only what it started.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { within } from './suite.mjs';

// Another build can be tried by naming it: CHARYE_PROGRAM=target/debug/charye node tests/...
const PROGRAM = process.env.CHARYE_PROGRAM ?? fileURLToPath(new URL('../../../target/release/charye', import.meta.url));

/** A folder for the data of one demo; `remove()` it afterwards. */
export async function dataFolder() {
  const path = await mkdtemp(join(tmpdir(), 'charye-suite-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Starts `charye demo` on a free port of loopback and waits until it says that it is ready.
 *
 * @returns {Promise<{url: string, said: string[], end: (signal?: string, limitMs?: number) => Promise<number | string>}>}
 *   where it listens, what it said, and how to end it: answers its exit code, or the signal that ended it
 */
export function startDemo(folder, { scale = '4', limitMs = 120_000 } = {}) {
  return start(['demo', '--listen', '127.0.0.1:0', '--data', folder, '--scale', scale], {}, limitMs);
}

/** Starts `charye serve` with this configuration, and these variables besides our own; the same as of a demo. */
export function startServe(config, variables = {}, limitMs = 60_000) {
  return start(['serve', '--config', config], variables, limitMs);
}

/** Runs `charye` with these words to its end, which must be a good one. */
export async function runCharye(words, limitMs = 60_000) {
  const child = spawn(PROGRAM, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (text) => { said += text; });
  const [code] = await within(limitMs, once(child, 'close')).finally(() => child.kill('SIGKILL'));
  if (code !== 0) throw new Error(`charye ${words.join(' ')} ended with ${code}:\n${said}`);
  return said;
}

async function start(words, variables, limitMs) {
  const child = spawn(PROGRAM, words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...variables } });
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  const said = [];
  const ready = new Promise((resolve, reject) => {
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', (line) => {
        said.push(line);
        const [, url] = line.match(/^ready (http:\/\/\S+)$/) ?? [];
        if (url) resolve(url);
      });
    }
    child.on('error', reject);
    ended.then((how) => reject(new Error(`charye ${words[0]} ended (${how}) before it was ready:\n${said.join('\n')}`)));
  });
  const end = (signal = 'SIGTERM', limit = 60_000) => {
    child.kill(signal);
    return within(limit, ended);
  };
  try {
    return { url: await within(limitMs, ready), said, end };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}
