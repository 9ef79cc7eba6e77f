import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openToolsCheck } from '../../agents/check/open-tools-check.ts';
import { syncPatterns } from '../check/sync-patterns.ts';
import { choosePatternIds } from '../command-line/choose-pattern-ids.ts';
import { runCommand } from '../command-line/run-command.ts';
import { ROOT } from '../files/root.ts';
import { examplePath } from '../pattern/ids.ts';
import { proveExamples } from '../proof/prove-examples.ts';
import { runTests } from '../test-run/run-tests.ts';

const usage = `npm run prove                   runs all examples' tests, line by line recorded, writes each proof.json,
                                and brings the pages up to date
npm run prove <id> …            these only
        --verify                writes nothing; exits 1 when a committed proof is not what a fresh run gives
        --report <file>         takes the tests from this report of Vitest instead of running them`;

await runCommand({
  usage,
  options: { verify: { type: 'boolean' }, report: { type: 'string' } },
  async main({ values, words }) {
    const ids = choosePatternIds(ROOT, words);
    const write = !values.verify;
    const { report } = values;
    const code =
      typeof report === 'string'
        ? await proveExamples({ ids, report, write })
        : await proveFromScratch(ids, write);
    if (!write) return code;
    for (const line of await syncPatterns(ROOT, ids, openToolsCheck)) console.log(line);
    return code;
  },
});

async function proveFromScratch(ids: string[], write: boolean): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-prove-'));
  try {
    const report = join(folder, 'tests.json');
    const paths = ids.map((id) => examplePath(id, ''));
    const show = (text: string) => process.stderr.write(text);
    await runTests({ projects: ['examples'], paths, reportFile: report }, show);
    return await proveExamples({ ids, report, write });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
