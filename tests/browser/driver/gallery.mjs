// The gallery: every page in every language with every sample, as files, and how our own server would send them. Used by
// the suites that look at pages in states which no journey reaches.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The policy that every page of ours is sent with. */
export const POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
/** By ending, the type of a file. */
export const TYPES = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };

/** Renders the gallery into a folder, and answers its path. */
export async function renderGallery(path) {
  await mkdir(path, { recursive: true });
  // Of the whole workspace, as the tests are: its dependencies then have the same features and are compiled already.
  const build = ['build', '-q', '--locked', '--workspace', '--features', 'charye-web/samples', '--example', 'gallery'];
  await runs('cargo', build);
  await runs(join(ROOT, 'target/debug/examples/gallery'), [path]);
  return path;
}

async function runs(program, args) {
  const [code] = await once(spawn(program, args, { cwd: ROOT, stdio: 'inherit' }), 'close');
  assert.equal(code, 0, `${program} does its work`);
}

/** Serves a gallery on a free port of loopback, as our own server would; `close()` it afterwards. */
export async function serveGallery(gallery) {
  const server = createServer(async (request, response) => {
    const content = await readFile(join(gallery, request.url)).catch(() => null);
    // A poll, too, finds nothing here: pages stay as they were rendered.
    if (content === null) return response.writeHead(404).end();
    const type = TYPES[request.url.split('.').at(-1)];
    return response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': POLICY }).end(content);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}
