/** Draws a number from 0 up to, but never, 1. */
export type Random = () => number;

/** The same numbers in each run for the same seed: for tests and data, never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return function draw() {
    // A linear congruential generator; its low bits are poor, so the high 24 are used.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** The rows in another order; the given array stays as it is. */
export function shuffle<T>(rows: readonly T[], random: Random): T[] {
  const keyed = rows.map((row) => ({ row, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ row }) => row);
}
