import { choosePatternIds } from '../command-line/choose-pattern-ids.ts';
import { paint } from '../command-line/paint.ts';
import { runCommand } from '../command-line/run-command.ts';
import { countResults, type StepResult, takeStep } from '../command-line/terminal.ts';
import { UsageError } from '../command-line/usage-error.ts';
import { watchForStop } from '../command-line/watch-for-stop.ts';
import { ROOT } from '../files/root.ts';
import { planRun } from '../test-run/plan.ts';
import { listSteps, listStepsFor, type Step } from '../test-run/steps.ts';

const usage = `npm test                       lint, types, unused code, check, tests, proof, copies, site, browser;
                               of the patterns: those that changed, those with a stale proof,
                               and at least one in ten of the others
  -- --base <revision>         what changed is what differs from where the branch left this
                               revision; without it: origin/main, or the commit before the last
  -- --seed <text>             draws the sample again that this seed drew; without it: the last commit
npm test -- --all              the same with all patterns and all pages
npm test -- --shard <i>/<n>    the i-th of n parts of that; each part has what no other has
npm test <id> …                these patterns: lint, types, check, tests and proof

Exit 0: all passed. 1: something failed. 2: the run itself failed. The last line says N passed, N failed.`;

await runCommand({
  usage,
  options: {
    all: { type: 'boolean' },
    shard: { type: 'string' },
    seed: { type: 'string' },
    base: { type: 'string' },
  },
  async main({ values, words }) {
    if (words.length === 0) {
      const plan = planRun(ROOT, values);
      console.log(`${plan.description.join('\n')}\n`);
      return await takeAll(listSteps(plan));
    }
    if (Object.keys(values).length > 0)
      throw new UsageError('name patterns, or choose with an option: not both');
    const steps = listStepsFor(choosePatternIds(ROOT, words));
    console.log(`Only ${words.join(', ')}: no engine tests, no site. npm test runs them too.\n`);
    return await takeAll(steps);
  },
});

/** A failed step does not keep the others from being taken: one run tells all that is wrong. */
async function takeAll(steps: Step[]): Promise<number> {
  const results = new Map<string, StepResult>();
  const stopped = watchForStop();
  for (const step of steps) {
    if (step.needs && results.get(step.needs)?.failed !== 0) {
      console.log(`${paint('yellow', '-')} ${step.name} not run: it needs ${step.needs}`);
      continue;
    }
    results.set(step.name, await takeStep(step.name, step.work));
    if (stopped()) return 130;
  }
  return report(results);
}

function report(results: Map<string, StepResult>): number {
  const failing = [...results].filter(([, { failed }]) => failed > 0).map(([name]) => name);
  const { passed, failed } = countResults([...results.values()]);
  console.log(failing.length > 0 ? `\nFailed: ${failing.join(', ')}` : '');
  console.log(`${passed} passed, ${failed} failed`);
  return failing.length > 0 ? 1 : 0;
}
