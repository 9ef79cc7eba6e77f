import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { holdProject } from '../project/hold-project.ts';

// Adds one to a number in a file, again and again: a project that several programs change at once.
const [folder = '', times = '0'] = process.argv.slice(2);
const file = join(folder, 'count');

for (let round = 0; round < Number(times); round += 1) {
  holdProject(folder, () => writeFileSync(file, `${Number(readFileSync(file, 'utf8')) + 1}`));
  await pause(1);
}
