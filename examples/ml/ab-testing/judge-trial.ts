import { z } from 'zod';
import { isProven, isSkewed, isWorse, type Tally } from './evidence.ts';

/** Users of a canary and of the live version beside it, those of each share apart. */
export type TrialCount = {
  users: Tally[];
  /** Those whose truth is known, or who got no answer from their version. */
  told: Tally[];
  /** Those who got a wrong answer. */
  wrong: Tally[];
  /** Those who got no answer from their version. */
  failed: Tally[];
};

/** What counts mean; refuses what would prove anything, or nothing. */
export const trialRules = z.object({
  /** A version is proven when it makes fewer than so many times the errors. */
  margin: z.number().gt(1),
  /** How often, at most, an equally good canary is rolled back. */
  alpha: z.number().gt(0).max(0.2).default(0.01),
  /** Truths of canary users that a proof needs. */
  leastTold: z.number().min(1).default(100),
});

/** The same, complete. */
export type TrialRules = z.output<typeof trialRules>;

/** What is known of a canary at this moment. */
export type Verdict =
  | 'open'
  | 'worse'
  | 'failing'
  | 'skewed'
  | 'proven';

// #region judge-trial
/** Alpha is shared by four tests: what is wrong, fails, or is lost. */
export function judgeTrial(
  { users, told, wrong, failed }: TrialCount,
  { margin, alpha, leastTold }: TrialRules,
): Verdict {
  if (isWorse(wrong, alpha / 2)) return 'worse';
  if (isWorse(failed, alpha / 4)) return 'failing';
  if (isSkewed(users, alpha / 8) || isSkewed(told, alpha / 8))
    return 'skewed';
  const known = told.reduce((sum, { canary }) => sum + canary, 0);
  if (known < leastTold) return 'open';
  // No failure of the live version is in favour of the canary.
  const errors = wrong.concat(failed.map(withoutLive));
  return isProven(errors, margin, alpha) ? 'proven' : 'open';
}

const withoutLive = ({ share, canary }: Tally) => ({
  share,
  canary,
  total: canary,
});
// #endregion judge-trial
