import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { buildBreachFilter } from './breach-filter.ts';

/** The hashes that were stolen so often, of a list as Pwned Passwords has it. */
export async function readBreachList(
  list: Readable,
  atLeast: number,
): Promise<Buffer[]> {
  const hashes: Buffer[] = [];
  for await (const row of createInterface({ input: list })) {
    const [, hash = '', count] =
      /^([0-9A-F]{40}):(\d+)$/i.exec(row) ?? [];
    if (!hash) throw new TypeError(`this is not a row: ${row}`);
    if (Number(count) >= atLeast) hashes.push(Buffer.from(hash, 'hex'));
  }
  return hashes;
}

// `node build-breach-filter.ts 100 < pwnedpasswords.txt > breach.filter`
if (process.argv[1] === fileURLToPath(import.meta.url)) void build();

async function build() {
  const atLeast = Number(process.argv[2]);
  const hashes = await readBreachList(process.stdin, atLeast);
  process.stdout.write(buildBreachFilter(hashes));
}
