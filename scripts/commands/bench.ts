import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openToolsCheck } from '../../agents/check/open-tools-check.ts';
import { runForeground } from '../bootstrap/run-foreground.mjs';
import { syncPatterns } from '../check/sync-patterns.ts';
import { choosePatternIds } from '../command-line/choose-pattern-ids.ts';
import { runCommand } from '../command-line/run-command.ts';
import { UsageError } from '../command-line/usage-error.ts';
import { ROOT } from '../files/root.ts';
import { addBenchKey } from '../pattern/add-bench-key.ts';
import { examplePath } from '../pattern/ids.ts';
import { openKeys } from '../pattern/keys.ts';
import { readSources } from '../pattern/read-example.ts';

const usage = `npm run bench <id>       measures the pattern beside the naive way and the best known library,
                         writes its bench.json, and brings its page up to date`;

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
  console.log(`${id}: measuring; run nothing else on this machine meanwhile`);
  // Read before: what is edited meanwhile was not measured.
  const { key } = openKeys(ROOT)({ id, sources: readSources(ROOT, id), page: undefined }).bench;
  const code = await runForeground(process.execPath, [bench]);
  if (code !== 0) return 1;
  const record = examplePath(id, 'bench.json');
  if (!addBenchKey(join(ROOT, record), key)) {
    console.error(
      `${id}: bench.ts ended and wrote no bench.json; end it with writeBench of the kit`,
    );
    return 1;
  }
  console.log(`wrote ${record}`);
  return 0;
}
