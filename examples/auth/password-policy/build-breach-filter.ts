import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { normalise } from '../password-hashing/password-hasher.ts';
import { buildBreachFilter } from './breach-filter.ts';

/** Of a list of one password a line: those that are long enough to be asked for. */
export function hashPasswords(text: string, minimum: number): Buffer[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (/^[0-9A-F]{40}:\d+$/i.test(line))
      throw new TypeError(
        `line ${index + 1} is a hash, not a password`,
      );
    const bytes = normalise(line);
    const isLong = [...bytes.toString()].length >= minimum;
    return isLong ? createHash('sha1').update(bytes).digest() : [];
  });
}

// `node build-breach-filter.ts passwords.txt breach.filter`
const [, program, ...files] = process.argv;
if (program && realpathSync(program) === fileURLToPath(import.meta.url))
  void build(files);

async function build([list, filter, minimum = '15']: string[]) {
  if (!list || !filter)
    throw new TypeError(
      'name the list of passwords and the new filter',
    );
  const text = await readFile(list, 'utf8');
  const hashes = hashPasswords(text, Number(minimum));
  // A running app keeps the old file until the new one is complete.
  await writeFile(`${filter}.new`, buildBreachFilter(hashes));
  await rename(`${filter}.new`, filter);
  console.log(`${hashes.length} of ${text.split('\n').length} lines`);
}
