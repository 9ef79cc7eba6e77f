import { describe, expect, it } from 'vitest';
import {
  checkRules,
  judgeTrial,
  type TrialCount,
} from './judge-trial.ts';
import { chancesOf, judgeErrors } from './test-evidence.ts';

const RULES = { margin: 1.5 };
const NOTHING: TrialCount = {
  users: [],
  told: [],
  wrong: [],
  failed: [],
};

/** Events of the canary alone, at a share of a half. */
const all = (count: number) => [
  { share: 0.5, total: count, canary: count },
];

/** Events that the arms share. */
const half = (total: number) => [
  { share: 0.5, total, canary: total / 2 },
];

describe('what a proof means', () => {
  // Percent of trials that end as proven; the page shows this table.
  it.each([
    { margin: 1.5, ratio: 1, tenth: 99.7, half: 99.6 },
    { margin: 1.5, ratio: 1.1, tenth: 95.5, half: 94.6 },
    { margin: 1.5, ratio: 1.25, tenth: 42.6, half: 38.6 },
    { margin: 1.5, ratio: 1.5, tenth: 1, half: 0.9 },
    { margin: 2, ratio: 1, tenth: 99.7, half: 99.7 },
    { margin: 2, ratio: 1.1, tenth: 98.7, half: 98.3 },
    { margin: 2, ratio: 1.25, tenth: 88.9, half: 85.3 },
    { margin: 2, ratio: 1.5, tenth: 36.3, half: 29.9 },
    { margin: 2, ratio: 2, tenth: 1, half: 0.8 },
  ])(
    'with a margin of $margin, $half % of canaries with $ratio× the errors end as proven',
    ({ margin, ratio, tenth, half }) => {
      const prove = (share: number) => {
        const end = (total: number, canary: number) => {
          const wrong = { share, total, canary };
          const verdict = judgeErrors(wrong, { margin });
          return verdict === 'open' ? undefined : verdict;
        };
        const chances = chancesOf({ share, ratio, errors: 4000, end });
        return 100 * (chances.get('proven') ?? 0);
      };

      expect(prove(0.1)).toBeCloseTo(tenth, 0);
      expect(prove(0.5)).toBeCloseTo(half, 0);
    },
  );
});

describe('a verdict', () => {
  it('spends half of alpha on wrong answers', () => {
    const judge = (count: number) =>
      judgeTrial({ ...NOTHING, wrong: all(count) }, RULES);

    expect(judge(10)).toBe('open');
    expect(judge(11)).toBe('worse');
  });

  it('spends a quarter of alpha on users without an answer', () => {
    const judge = (count: number) =>
      judgeTrial({ ...NOTHING, failed: all(count) }, RULES);

    expect(judge(11)).toBe('open');
    expect(judge(12)).toBe('failing');
  });

  it('spends an eighth of alpha each on who came, and of whom the truth is known', () => {
    for (const key of ['users', 'told'] as const) {
      const judge = (count: number) =>
        judgeTrial({ ...NOTHING, [key]: all(count) }, RULES);

      expect(judge(30)).toBe('open');
      expect(judge(31)).toBe('skewed');
    }
  });

  it('is proven with truths enough, and not with one fewer', () => {
    const wrong = [{ share: 0.5, total: 400, canary: 200 }];
    const judge = (total: number) =>
      judgeTrial({ ...NOTHING, wrong, told: half(total) }, RULES);

    expect(judge(198)).toBe('open');
    expect(judge(200)).toBe('proven');
  });

  it('takes failures of the canary for errors, and none of the live version in its favour', () => {
    const told = half(200);
    const judge = (more: Partial<TrialCount>) =>
      judgeTrial({ ...NOTHING, told, ...more }, RULES);
    const wrong = [{ share: 0.5, total: 230, canary: 113 }];
    const ofLive = [{ share: 0.5, total: 500, canary: 0 }];

    expect(judge({ wrong })).toBe('proven');
    expect(judge({ failed: ofLive })).toBe('open');
    expect(judge({ wrong, failed: all(4) })).toBe('proven');
    expect(judge({ wrong, failed: all(5) })).toBe('open');
  });

  it('refuses rules that would prove anything, or nothing', () => {
    for (const wrong of [
      { margin: 1 },
      { margin: Number.NaN },
      { margin: 2, alpha: 0 },
      { margin: 2, alpha: 0.21 },
      { margin: 2, leastTold: 0 },
    ])
      expect(() => checkRules(wrong)).toThrow('margin must be above 1');
    for (const right of [
      { margin: 1.01, alpha: 0.2 },
      { margin: 2, leastTold: 1 },
    ])
      expect(() => checkRules(right)).not.toThrow();
  });
});
