import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { betOnWorse, isProven, isSkewed, isWorse } from './evidence.ts';
import {
  chancesOf,
  decideByJudge,
  rollBackAfter,
} from './test-evidence.ts';

const ALPHA = 0.01;

describe('the bet against a canary', () => {
  it('is the mean of the likelihood ratios, computed by hand for one error', () => {
    const ratios = [
      1.25 / 1.125,
      1.5 / 1.25,
      2 / 1.5,
      4 / 2.5,
      16 / 8.5,
    ];
    const mean = ratios.reduce((sum, ratio) => sum + ratio) / 5;

    const bet = betOnWorse([{ share: 0.5, total: 1, canary: 1 }]);

    expect(Math.exp(bet)).toBeCloseTo(mean, 10);
  });

  it('is fair at any shares: without a difference it is worth 1 on average', () => {
    const share = fc.double({ min: 0.01, max: 0.5, noNaN: true });
    const shares = fc.array(share, { minLength: 1, maxLength: 10 });

    fc.assert(
      fc.property(shares, (errors) => {
        expect(averageBet(errors)).toBeCloseTo(1, 9);
      }),
    );
  });

  it.each([0.05, 0.1, 0.5])(
    'rolls back an equally good version in fewer trials than alpha, at a share of %d and with a check after each of 1,500 errors',
    (share) => {
      const chance = chanceThat(
        { share, ratio: 1, errors: 1500 },
        (total, canary) => isWorse([{ share, total, canary }], ALPHA),
      );

      expect(chance).toBeLessThan(ALPHA);
      expect(chance).toBeGreaterThan(ALPHA / 10);
    },
  );

  it('finds a version that is twice as bad, nearly always', () => {
    const found = rollBackAfter({
      arms: { share: 0.5, live: 0.05, canary: 0.1 },
      trials: 200,
      users: 10_000,
      decide: () => decideByJudge(0.5, { margin: 1.5 }),
    });

    expect(found.filter(Boolean).length).toBeGreaterThan(195);
  });
});

it('calls a version proven that makes twice the errors in fewer trials than alpha', () => {
  const share = 0.25;
  const chance = chanceThat(
    { share, ratio: 2, errors: 1500 },
    (total, canary) => isProven([{ share, total, canary }], 2, ALPHA),
  );

  expect(chance).toBeLessThan(ALPHA);
});

it('takes shares for skewed that are right in fewer trials than alpha', () => {
  const share = 0.25;
  const chance = chanceThat(
    { share, ratio: 1, errors: 1500 },
    (total, canary) => isSkewed([{ share, total, canary }], ALPHA),
  );

  expect(chance).toBeLessThan(ALPHA);
});

/** Over all ways in which errors at these shares can fall on the arms. */
function averageBet(shares: number[]): number {
  let average = 0;
  for (let way = 0; way < 2 ** shares.length; way++) {
    const errors = shares.map((share, index) => ({
      share,
      total: 1,
      canary: (way >> index) & 1,
    }));
    const chance = errors.reduce(
      (product, { share, canary }) =>
        product * (canary ? share : 1 - share),
      1,
    );
    average += chance * Math.exp(betOnWorse(errors));
  }
  return average;
}

function chanceThat(
  trial: { share: number; ratio: number; errors: number },
  isReached: (total: number, canary: number) => boolean,
): number {
  const end = (total: number, canary: number) =>
    isReached(total, canary) ? 'reached' : undefined;
  return chancesOf({ ...trial, end }).get('reached') ?? 0;
}
