import {
  type Random,
  seededRandom,
} from '@touchstone/kit/testing/random';
import type { Tally } from './evidence.ts';
import { judgeTrial, trialRules } from './judge-trial.ts';
import { createNaiveExperiment } from './naive.ts';

type Rules = { margin: number; alpha?: number };

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

/** What the judge makes of wrong answers alone, when there are truths enough and none is missing. */
export function judgeErrors(wrong: Tally, rules: Rules) {
  const enough = { share: 1, total: 1, canary: 1 };
  return judgeTrial(
    { users: [], told: [enough], wrong: [wrong], failed: [] },
    trialRules.parse({ leastTold: 1, ...rules }),
  );
}

/** This pattern's judge, asked after each error. */
export function decideByJudge(share: number, rules: Rules): Decide {
  const wrong = { share, total: 0, canary: 0 };
  return ({ arm, isError }) => {
    if (!isError) return false;
    wrong.total++;
    if (arm === 'canary') wrong.canary++;
    return judgeErrors(wrong, rules) === 'worse';
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

/** How a trial ends within so many errors, exactly, with a check after each. */
export function chancesOf<End extends string>(options: {
  share: number;
  /** How many times the errors of the live version the canary makes. */
  ratio: number;
  errors: number;
  /** How a trial with these errors ends; undefined when it goes on. */
  end: (total: number, canary: number) => End | undefined;
}): Map<End, number> {
  const { share, ratio, errors, end } = options;
  const part = (share * ratio) / (1 + share * (ratio - 1));
  const ended = new Map<End, number>();
  let open = new Map([[0, 1]]);
  for (let total = 1; total <= errors; total++) {
    const next = new Map<number, number>();
    for (const [canary, chance] of open) {
      if (chance < 1e-12) continue;
      add(next, canary, chance * (1 - part));
      add(next, canary + 1, chance * part);
    }
    open = next;
    for (const [canary, chance] of open) {
      const how = end(total, canary);
      if (!how) continue;
      add(ended, how, chance);
      open.delete(canary);
    }
  }
  return ended;
}

function add<Key>(chances: Map<Key, number>, key: Key, more: number) {
  chances.set(key, (chances.get(key) ?? 0) + more);
}
