import { mkdtempSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { choosePatternIds } from '../command-line/choose-pattern-ids.ts';
import { runCommand } from '../command-line/run-command.ts';
import { UsageError } from '../command-line/usage-error.ts';
import { ROOT } from '../files/root.ts';
import { examplePath } from '../pattern/ids.ts';
import { describeFailure, stressTests } from '../test-run/stress-tests.ts';
import { describeCount } from '../text/describe-count.ts';

const usage = `npm run stress [-- <id>…]   repeats the tests of these patterns, or of all, while every core is busy
        --times <n>         so many rounds; 5 without it
        --loops <n>         so many busy loops compete for each core; 4 without it`;

await runCommand({
  usage,
  options: { times: { type: 'string' }, loops: { type: 'string' } },
  async main({ values, words }) {
    const times = readCount('times', values.times ?? '5');
    const loopsPerCore = readCount('loops', values.loops ?? '4');
    const paths = choosePatternIds(ROOT, words).map((id) => examplePath(id, ''));
    // The loops too: at another priority than theirs, the tests would get 0.7 % of a core, or all.
    setPriority(constants.priority.PRIORITY_LOW);
    return await stress(paths, { times, loopsPerCore });
  },
});

function readCount(name: string, value: string | boolean): number {
  if (!/^[1-9]\d*$/.test(`${value}`))
    throw new UsageError(`--${name} takes a whole number from 1 on, not "${value}"`);
  return Number(value);
}

async function stress(
  paths: string[],
  options: { times: number; loopsPerCore: number },
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-stress-'));
  try {
    const selection = { projects: ['examples'], paths, reportFile: join(folder, 'tests.json') };
    const { taken, failures, isStopped } = await stressTests(selection, options);
    for (const failure of failures) console.log(`\n${describeFailure(failure, taken)}`);
    const verdict = failures.length === 0 ? 'every test passed' : `${failures.length} failed`;
    console.log(`\n${describeCount(taken, 'round')}: ${verdict}`);
    if (isStopped) return 130;
    return failures.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
