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

/** What counts mean. */
export type TrialRules = {
  /** A version is proven when it makes fewer than so many times the errors. */
  margin: number;
  /** How often, at most, an equally good canary is rolled back. Default: 0.01 */
  alpha?: number;
  /** Truths of canary users that a proof needs. Default: 100 */
  leastTold?: number;
};

/** What is known of a canary at this moment. */
export type Verdict =
  | 'open'
  | 'worse'
  | 'failing'
  | 'skewed'
  | 'proven';

/** Throws when the rules would prove anything, or nothing. */
export function checkRules(rules: TrialRules): void {
  const { margin, alpha = 0.01, leastTold = 100 } = rules;
  const isValid =
    margin > 1 && alpha > 0 && alpha <= 0.2 && leastTold >= 1;
  if (!isValid)
    throw new RangeError('margin must be above 1, alpha at most 0.2');
}

// #region judge-trial
/** Alpha is shared by four tests: what is wrong, fails, or is lost. */
export function judgeTrial(
  { users, told, wrong, failed }: TrialCount,
  { margin, alpha = 0.01, leastTold = 100 }: TrialRules,
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
