import { seededRandom } from '@touchstone/kit/testing/random';
import { findLimit, smoothShares, sum } from './export-signals.ts';
import { addOne, createReference, findBin } from './model-reference.ts';
import { answer, createCard } from './test-card.ts';
import { computePsi } from './test-psi.ts';

const SIGNALS = 6;
const MINUTES = 30 * 24 * 60;
const PENDING = 15;

type Month = {
  referenceRows: number;
  rowsAnHour: number;
  /** How many rows a client sends that are the same. */
  sentAlike: number;
  /** How many of them the monitor is told to count as one. */
  rowsAlike: number;
};

/** A month without drift, judged each minute: of 1,000 judgements, how many are above the limits, and how many alerts fire. */
export function simulateMonth(month: Month) {
  const { referenceRows, rowsAnHour, sentAlike, rowsAlike } = month;
  const random = seededRandom(1);
  const draw = createLengths(random);
  const { edges, counts: reference } = describe(referenceRows, draw);
  const counts = reference.map(() => 0);
  const hour: number[][] = [];
  let [above, pending, alerts] = [0, 0, 0];

  for (let minute = 0; minute < MINUTES; minute++) {
    const clients = drawPoisson(rowsAnHour / 60 / sentAlike, random);
    const bins = Array.from({ length: clients }, () =>
      findBin(edges, draw()),
    ).flatMap((bin) => Array.from({ length: sentAlike }, () => bin));
    for (const bin of bins) addOne(counts, bin);
    hour.push(bins);
    const old = hour.length > 60 ? (hour.shift() ?? []) : [];
    for (const bin of old) counts[bin] = Number(counts[bin]) - 1;

    const isAbove = isDrift(reference, counts, rowsAlike);
    above += Number(isAbove);
    pending = isAbove ? pending + 1 : 0;
    if (pending === PENDING) alerts++;
  }
  return { above: Math.round((1000 * above) / MINUTES), alerts };
}

/** The least share of rows in inches, in percent, that alerts in nine of ten tries. */
export function findLeastShare(referenceRows: number, rows: number) {
  const random = seededRandom(2);
  const draw = createLengths(random);
  const references = Array.from({ length: 20 }, () =>
    describe(referenceRows, draw),
  );

  /** Whether an hour with so many rows in inches alerts. */
  function alerts(
    { edges, counts }: (typeof references)[0],
    share: number,
  ) {
    const now = counts.map(() => 0);
    for (let row = 0; row < rows; row++) {
      const length = draw();
      const value = random() < share ? length / 2.54 : length;
      addOne(now, findBin(edges, value));
    }
    return isDrift(counts, now, 1);
  }

  for (let percent = 1; percent < 100; percent++) {
    const share = percent / 100;
    const found = references.filter((one) => alerts(one, share));
    if (found.length >= 18) return percent;
  }
  return 100;
}

/** What the rules say of one input: its PSI, and what is outside. */
function isDrift(
  reference: number[],
  counts: number[],
  rowsAlike: number,
): boolean {
  const noise = rowsAlike * (1 / sum(counts) + 1 / sum(reference));
  const psi = computePsi(reference, counts);
  const limit = findLimit(counts.length, SIGNALS);
  if (psi > 0.25 && psi > limit * noise) return true;

  const before = smoothShares(reference);
  const now = smoothShares(counts);
  const { length } = counts;
  return [0, length - 2, length - 1].some((bin) => {
    const share = Number(now[bin]);
    const excess = share - Number(before[bin]);
    return (
      excess > 0.03 &&
      excess > 5 * Math.sqrt(share * (1 - share) * noise)
    );
  });
}

function describe(rows: number, draw: () => number) {
  const { features } = createReference(createCard(), {
    rows: Array.from({ length: rows }, () => ({ x: draw() })),
    answers: [{ prediction: answer(0, 'yes'), truth: 'yes' }],
  });
  if (!features.x) throw new Error('the reference has lost its input');
  return features.x;
}

/** Lengths of 10 cm, with a deviation of 2 cm; after Box and Muller. */
function createLengths(random: () => number) {
  return () =>
    10 +
    2 *
      Math.sqrt(-2 * Math.log(1 - random())) *
      Math.cos(2 * Math.PI * random());
}

/** After Knuth. */
function drawPoisson(mean: number, random: () => number): number {
  const least = Math.exp(-mean);
  let count = 0;
  for (let left = random(); left > least; left *= random()) count++;
  return count;
}
