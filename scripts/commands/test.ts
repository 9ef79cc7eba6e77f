import { runCommand } from '../command.ts';
import { ROOT, resolveIds } from '../repository.ts';
import { paint, type StepResult, takeStep } from '../terminal.ts';
import { listAllSteps, listStepsFor, type Step } from '../testing/steps.ts';
import { watchForStop } from '../testing/watch-for-stop.ts';

const usage = `npm test                 everything: lint, types, unused code, check, tests, proof, copies, site, browser
npm test <id> …          one pattern: lint, types, its check, tests and proof`;

await runCommand({
  usage,
  async main({ words }) {
    if (words.length === 0) return await takeAll(listAllSteps());
    const steps = listStepsFor(resolveIds(ROOT, words));
    console.log(`Only ${words.join(', ')}: no engine tests, no site. npm test runs everything.\n`);
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
  return report([...results.entries()]);
}

function report(results: [string, StepResult][]): number {
  const failing = results.filter(([, { failed }]) => failed > 0).map(([name]) => name);
  const sum = (key: 'passed' | 'failed') => results.reduce((total, [, one]) => total + one[key], 0);
  console.log(failing.length > 0 ? `\nFailed: ${failing.join(', ')}` : '');
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  return failing.length > 0 ? 1 : 0;
}
