import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { openToolsCheck } from '../../agents/check/open-tools-check.ts';
import { runForeground } from '../bootstrap/run-foreground.mjs';
import { syncPatterns } from '../check/sync-patterns.ts';
import { choosePatternIds } from '../command-line/choose-pattern-ids.ts';
import { runCommand } from '../command-line/run-command.ts';
import { UsageError } from '../command-line/usage-error.ts';
import { ROOT } from '../files/root.ts';
import { writeAtomically } from '../files/write-atomically.ts';
import { examplePath } from '../pattern/ids.ts';
import { openKeys } from '../pattern/keys.ts';
import { readSources } from '../pattern/read-example.ts';

const usage = `npm run bench <id>       measures the pattern beside the naive way and the best known library,
                         writes its bench.json, and brings its page up to date`;

const measured = z.looseObject({ tables: z.unknown() });

await runCommand({
  usage,
  async main({ words }) {
    if (words.length === 0) throw new UsageError('name the pattern to measure: npm run bench <id>');
    for (const id of choosePatternIds(ROOT, words)) {
      const code = await measure(id);
      if (code !== 0) return code;
      for (const line of await syncPatterns(ROOT, [id], openToolsCheck)) console.log(line);
    }
    return 0;
  },
});

async function measure(id: string): Promise<number> {
  const bench = join(ROOT, examplePath(id, 'bench.ts'));
  if (!existsSync(bench)) throw new UsageError(`${id} has no bench.ts`);
  console.log(`${id}: measuring; the figures mean most on a machine that does nothing else`);
  // Read before: what is edited meanwhile was not measured.
  const { key } = openKeys(ROOT)({ id, sources: readSources(ROOT, id), page: undefined }).bench;
  const code = await runForeground(process.execPath, [bench]);
  if (code !== 0) return 1;
  const record = examplePath(id, 'bench.json');
  if (!addKey(join(ROOT, record), key)) {
    console.error(
      `${id}: bench.ts ended and wrote no bench.json; end it with writeBench of the kit`,
    );
    return 1;
  }
  console.log(`wrote ${record}`);
  return 0;
}

/** Adds the key to what the bench wrote, which knows no keys; false when all there is has one already. */
function addKey(file: string, key: string): boolean {
  if (!existsSync(file)) return false;
  const { tables, ...about } = measured.parse(JSON.parse(readFileSync(file, 'utf8')));
  if ('key' in about) return false;
  writeAtomically(file, `${JSON.stringify({ ...about, key, tables }, null, 2)}\n`);
  return true;
}
