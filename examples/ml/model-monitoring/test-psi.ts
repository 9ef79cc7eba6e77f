import { seededRandom } from '@touchstone/kit/testing/random';
import {
  createProfile,
  findBin,
  findLimit,
  smoothShares,
} from './reference-profile.ts';

/** The population stability index, written a second time, to hold the rules against. */
export function computePsi(reference: number[], counts: number[]) {
  const before = smoothShares(reference);
  const now = smoothShares(counts);
  return sum(
    now.map((share, bin) => {
      const expected = before[bin] ?? Number.NaN;
      return (share - expected) * Math.log(share / expected);
    }),
  );
}

/** Draws reference and live rows from one distribution, and tells how often PSI says that they differ. */
export function simulateNoDrift(options: {
  referenceRows: number;
  liveRows: number;
  runs: number;
}) {
  const { referenceRows, liveRows, runs } = options;
  const draw = createNormal();
  const scale = 1 / liveRows + 1 / referenceRows;
  let [overLimit, overQuarter] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const signal = describe(
      Array.from({ length: referenceRows }, draw),
    );
    const counts = signal.bins.map(() => 0);
    for (let row = 0; row < liveRows; row++) {
      const bin = findBin(signal.edges, draw());
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    const psi = computePsi(signal.counts, counts);
    if (psi > findLimit(signal) * scale) overLimit++;
    if (psi > 0.25) overQuarter++;
  }
  return {
    overLimit: overLimit / runs,
    overQuarter: overQuarter / runs,
  };
}

/** The bins of one input. */
export function describe(values: (number | null)[]) {
  const { inputs } = createProfile({
    version: '1',
    accuracy: 1,
    labels: ['yes'],
    inputs: { x: values },
    predictions: [{ label: 'yes', confidence: 1 }],
  });
  if (!inputs.x) throw new Error('the profile has lost its input');
  return inputs.x;
}

/** All of them together. */
export function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}

/** After Box and Muller. */
function createNormal() {
  const random = seededRandom(1);
  return () =>
    Math.sqrt(-2 * Math.log(1 - random())) *
    Math.cos(2 * Math.PI * random());
}
