import {
  type Random,
  seededRandom,
} from '@touchstone/kit/testing/random';
import { isWorse } from './evidence.ts';
import { createNaiveExperiment } from './naive.ts';

/** Users of two arms, and how often each of them errs. */
export type Arms = { share: number; live: number; canary: number };

/** Whether a new user met the canary, and whether it ended badly. */
type User = { arm: 'live' | 'canary'; isError: boolean };

function* drawUsers(
  arms: Arms,
  random: Random,
): Generator<User, never> {
  for (;;) {
    const arm = random() < arms.share ? 'canary' : 'live';
    yield { arm, isError: random() < arms[arm] };
  }
}

/** A way to decide: told of each user, it says when it would roll back. */
export type Decide = (user: User, count: number) => boolean;

/** This pattern, asked after each error. */
export function decideByEvidence(share: number, alpha = 0.05): Decide {
  const errors = { share, total: 0, canary: 0 };
  return ({ arm, isError }) => {
    if (!isError) return false;
    errors.total++;
    if (arm === 'canary') errors.canary++;
    return isWorse([errors], alpha);
  };
}

/** The p-value, asked after so many users each, or once. */
export function decideByPValue(
  share: number,
  isAsked: (count: number) => boolean,
): Decide {
  const naive = createNaiveExperiment({ share, random: Math.random });
  return ({ arm, isError }, count) => {
    naive.tell(arm, isError);
    return isAsked(count) && naive.isWorse();
  };
}

/** After how many users each of many trials is rolled back; undefined for those that are not. */
export function rollBackAfter(options: {
  arms: Arms;
  trials: number;
  users: number;
  seed?: number;
  decide: () => Decide;
}): (number | undefined)[] {
  const { arms, trials, users, seed = 1, decide } = options;
  const random = seededRandom(seed);
  return Array.from({ length: trials }, () => {
    const isOver = decide();
    const drawn = drawUsers(arms, random);
    for (let count = 1; count <= users; count++)
      if (isOver(drawn.next().value, count)) return count;
    return undefined;
  });
}

/** How often a decision is reached within so many errors, exactly, with a look after each. */
export function chanceToReach(options: {
  share: number;
  /** How many times the errors of the live version the canary makes. */
  ratio: number;
  errors: number;
  isReached: (total: number, canary: number) => boolean;
}): number {
  const { share, ratio, errors, isReached } = options;
  const part = (share * ratio) / (1 + share * (ratio - 1));
  let open = new Map([[0, 1]]);
  let reached = 0;
  for (let total = 1; total <= errors; total++) {
    const next = new Map<number, number>();
    for (const [canary, chance] of open)
      for (const [more, odds] of [
        [0, 1 - part],
        [1, part],
      ] as const) {
        const now = canary + more;
        if (isReached(total, now)) reached += chance * odds;
        else next.set(now, (next.get(now) ?? 0) + chance * odds);
      }
    open = next;
  }
  return reached;
}
