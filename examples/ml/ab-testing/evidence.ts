/** Events at one share: how many there were, and how many of them in the canary. */
export type Tally = { share: number; total: number; canary: number };

/** How many times the errors of the live version a worse one may make. */
const WORSE = [1.25, 1.5, 2, 4, 16];
/** What the canary may have of its users when some are lost, or sent elsewhere. */
const SKEWED = [0.5, 0.8, 0.9, 0.95, 1.05, 1.1, 1.25, 2];

// #region evidence
/** Log: how much likelier, with `ratio` times its part of them. */
function weigh(events: Tally[], ratio: number): number {
  let weight = 0;
  for (const { share, total, canary } of events)
    weight +=
      canary * Math.log(ratio) -
      total * Math.log(1 + share * (ratio - 1));
  return weight;
}

/** The mean of several likelihood ratios is a fair bet as well. */
function mix(events: Tally[], ratios: number[]): number {
  const weights = ratios.map((ratio) => weigh(events, ratio));
  const highest = Math.max(...weights);
  const sum = weights.reduce(
    (total, weight) => total + Math.exp(weight - highest),
    0,
  );
  return highest + Math.log(sum / ratios.length);
}

// Ville: a fair bet that starts with 1 ever reaches 1 / alpha with
// probability alpha at most, at no matter how many checks.
const reaches = (weight: number, alpha: number) =>
  weight >= Math.log(1 / alpha);
// #endregion evidence

/** Log: what a bet of 1 against "the canary is not worse" has become. */
export const betOnWorse = (errors: Tally[]): number =>
  mix(errors, WORSE);

/** Whether the canary makes more than its part of the errors. */
export const isWorse = (errors: Tally[], alpha: number): boolean =>
  reaches(betOnWorse(errors), alpha);

/** Whether the canary makes fewer than `margin` times the errors of the live version. */
export const isProven = (
  errors: Tally[],
  margin: number,
  alpha: number,
): boolean => reaches(-weigh(errors, margin), alpha);

/** Whether the canary did not get its part of the users. */
export const isSkewed = (users: Tally[], alpha: number): boolean =>
  reaches(mix(users, SKEWED), alpha);
