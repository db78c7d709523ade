// The frame of a black-box suite: named checks, one after the other, each within a limit, and the line that
// `cargo xtask ci` reads. Used by every suite in the folders of tests. Knows neither browser nor server.

const checks = [];

/** How long what a failed check has left open may keep the process alive after the count. */
const LEFT_OPEN_MS = 10_000;

/** Registers a check. Its name is a sentence; it fails by throwing, or by taking longer than the limit. */
export function check(sentence, act, limitMs = 60_000) {
  checks.push({ sentence, act, limitMs });
}

/** Runs every check in the order of registration, then `after`, and says how many passed and failed. */
export async function run(after = async () => {}) {
  let failed = 0;
  for (const { sentence, act, limitMs } of checks) {
    try {
      await within(limitMs, act());
      console.log(`ok    ${sentence}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${sentence}\n${indented(error.stack ?? String(error))}`);
    }
  }
  await after();
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && checks.length > 0 ? 0 : 1;
  // A check that failed may have left a socket or a browser open: nobody waits for those.
  setTimeout(() => process.exit(), LEFT_OPEN_MS).unref();
}

/** What `promise` brings, unless it takes longer than `limitMs`. */
export async function within(limitMs, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function indented(text) {
  return text.replaceAll(/^/gm, '        ');
}
