import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../command.ts';
import { proveExamples } from '../proof/prove-examples.ts';
import { ROOT, resolveIds } from '../repository.ts';
import { runTests } from '../testing/run-tests.ts';

const usage = `npm run prove                   runs all examples' tests, line by line recorded, and writes each proof.json
npm run prove <id> …            these only
        --verify                writes nothing; exits 1 when a committed proof is not what a fresh run gives
        --report <file>         takes the tests from this report of Vitest instead of running them`;

await runCommand({
  usage,
  options: { verify: { type: 'boolean' }, report: { type: 'string' } },
  async main({ values, words }) {
    const ids = resolveIds(ROOT, words);
    const write = !values.verify;
    const { report } = values;
    if (typeof report !== 'string') return await proveFromScratch(ids, write);
    return await proveExamples({ ids, report, write });
  },
});

async function proveFromScratch(ids: string[], write: boolean): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-prove-'));
  try {
    const report = join(folder, 'tests.json');
    const paths = ids.map((id) => `examples/${id}/`);
    const show = (text: string) => process.stderr.write(text);
    await runTests({ projects: ['examples'], paths, reportFile: report }, show);
    return await proveExamples({ ids, report, write });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
