import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runForeground } from '../bootstrap/run-foreground.mjs';
import { runCommand, UsageError } from '../command.ts';
import { openKeys } from '../pattern/keys.ts';
import { ROOT, resolveIds } from '../repository.ts';
import { readSources } from '../sources.ts';
import { writeAtomically } from '../write-atomically.ts';

const usage = `npm run bench <id>       measures the pattern beside the naive way and the best known library,
                         and writes its bench.json; then npm run sync <id> puts it into the page`;

await runCommand({
  usage,
  async main({ words }) {
    if (words.length === 0) throw new UsageError('name the pattern to measure: npm run bench <id>');
    for (const id of resolveIds(ROOT, words)) {
      const code = await measure(id);
      if (code !== 0) return code;
    }
    return 0;
  },
});

async function measure(id: string): Promise<number> {
  const folder = join(ROOT, 'examples', id);
  if (!existsSync(join(folder, 'bench.ts'))) throw new UsageError(`${id} has no bench.ts`);
  console.log(`${id}: measuring; the figures mean most on a machine that does nothing else`);
  // Read before: what is edited meanwhile was not measured.
  const { key } = openKeys(ROOT)({ id, sources: readSources(ROOT, id), page: undefined }).bench;
  const code = await runForeground(process.execPath, [join(folder, 'bench.ts')]);
  if (code !== 0) return 1;
  if (!addKey(join(folder, 'bench.json'), key)) {
    console.error(
      `${id}: bench.ts ended and wrote no bench.json; end it with writeBench of the kit`,
    );
    return 1;
  }
  console.log(`wrote examples/${id}/bench.json; next: npm run sync ${id}`);
  return 0;
}

/** Adds the key to what the bench wrote, which knows no keys; false when all there is has one already. */
function addKey(file: string, key: string): boolean {
  if (!existsSync(file)) return false;
  const { tables, ...about } = JSON.parse(readFileSync(file, 'utf8')) as { tables: unknown };
  if ('key' in about) return false;
  writeAtomically(file, `${JSON.stringify({ ...about, key, tables }, null, 2)}\n`);
  return true;
}
