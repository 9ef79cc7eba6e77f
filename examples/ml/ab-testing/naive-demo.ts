import { seededRandom } from '@touchstone/kit/testing/random';
import { createNaiveExperiment } from './naive.ts';
import { decideByPValue, rollBackAfter } from './test-evidence.ts';

const naive = createNaiveExperiment({
  share: 0.5,
  random: seededRandom(1),
});
const arms = Array.from({ length: 8 }, () => naive.choose());
console.log(`Ada asks eight times: ${arms.join(', ')}`);

console.log(
  '1,000 trials of an equally good version, 2,000 users each',
);
report('one check at the end', (count) => count === 2000);
report('a check after each 100', (count) => count % 100 === 0);
report('a check after each user', (count) => count >= 100);

function report(what: string, isAsked: (count: number) => boolean) {
  const { length } = rollBackAfter({
    arms: { share: 0.5, live: 0.05, canary: 0.05 },
    trials: 1000,
    users: 2000,
    decide: () => decideByPValue(0.5, isAsked),
  }).filter(Boolean);
  console.log(`${what}: ${length} are rolled back`);
}
