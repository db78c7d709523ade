// The gallery: every page in every language with every sample, as files, and how our own server would send them. Used by
// the suites that look at pages in states which no journey reaches.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** The policy that every page of ours is sent with. */
export const POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
/** By ending, the type of a file. */
export const TYPES = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };

/** Renders the gallery into a folder that is there, and answers its path. */
export async function renderGallery(path) {
  const args = ['run', '-q', '--locked', '-p', 'charye-web', '--features', 'samples', '--example', 'gallery', path];
  const [code] = await once(spawn('cargo', args, { cwd: ROOT, stdio: 'inherit' }), 'close');
  assert.equal(code, 0, 'the gallery is rendered');
  return path;
}
