// The made-up people of a demo's nation, for suites that sign in as some of them. Reads the files that the demo generated.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Made-up national numbers and birth dates of people who may reserve today. */
export async function peopleOfToday(demo, folder) {
  const told = demo.said.find((line) => line.includes('may reserve now'));
  const [, , , digit] = told.match(/born (\d{4})-(\d\d)-\d(\d)/);
  const rows = (await readFile(join(folder, 'nation', 'citizens.csv'), 'utf8')).split('\n').slice(1);
  return rows
    .map((row) => row.split(','))
    .filter(([, , , born]) => born?.endsWith(digit) && born >= '1973' && born < '2003')
    .map(([number, , , born]) => ({ number, born }));
}
