import { smoothShares, sum } from './export-signals.ts';

/** The population stability index, written a second time, to compare the rules with. */
export function computePsi(reference: number[], counts: number[]) {
  const before = smoothShares(reference);
  const now = smoothShares(counts);
  return sum(
    now.map((share, bin) => {
      const expected = Number(before[bin]);
      return (share - expected) * Math.log(share / expected);
    }),
  );
}
