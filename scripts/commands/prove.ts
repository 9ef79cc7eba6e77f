import { mkdirSync } from 'node:fs';
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
    const report = typeof values.report === 'string' ? values.report : await recordTests(ids);
    return await proveExamples({ ids, report, write: !values.verify });
  },
});

async function recordTests(ids: string[]): Promise<string> {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const reportFile = join(ROOT, '.cache', 'prove.json');
  const paths = ids.map((id) => `examples/${id}/`);
  await runTests({ projects: ['examples'], paths, reportFile }, (text) =>
    process.stderr.write(text),
  );
  return reportFile;
}
