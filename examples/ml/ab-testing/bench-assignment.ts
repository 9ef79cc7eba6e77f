import { GrowthBookClient } from '@growthbook/growthbook';
import { isInCanary, keyOf } from './choose-arm.ts';
import { createNaiveExperiment } from './naive.ts';

const SHARE = 0.1;
const TRIAL = 'irises 2 canary';

/** Ways to choose the arm of a user, each at 10 %. */
export const assignments = {
  pattern: (user: string) =>
    isInCanary(keyOf(TRIAL, user), SHARE) ? 'canary' : 'live',
  naive: createNaive(),
  growthbook: createGrowthBook(),
};

function createNaive() {
  const { choose } = createNaiveExperiment({
    share: SHARE,
    random: Math.random,
  });
  return (_user: string) => choose();
}

/** The best known library: its hash, its weights; nothing is tracked. */
function createGrowthBook() {
  const client = new GrowthBookClient();
  const experiment = {
    key: 'iris-2',
    variations: ['live', 'canary'] as ['live', 'canary'],
    weights: [1 - SHARE, SHARE],
    hashVersion: 2 as const,
  };
  return (user: string) =>
    client.runInlineExperiment(experiment, { attributes: { id: user } })
      .value;
}
