/** One thing that is watched, and how many rows of the reference fell into each of its bins. */
export type Signal = NumericSignal | ClassSignal;

/** A number: below the reference, its quantiles, above it, and missing. */
export type NumericSignal = {
  name: string;
  bins: string[];
  counts: number[];
  /** The least value, then the upper edge of each bin. */
  edges: number[];
};

/** One of a few words; any other is counted as `other`. */
export type ClassSignal = {
  name: string;
  bins: string[];
  counts: number[];
};

/** What a model met and did when it was made: JSON, to be kept beside its weights. */
export type Profile = {
  version: string;
  /** The share of predictions that were right. */
  accuracy: number;
  inputs: Record<string, NumericSignal>;
  label: ClassSignal;
  confidence: NumericSignal;
};

/** A feature's value; null, undefined and NaN are all missing. */
export type Value = number | null | undefined;

/** The rows that a model is measured against. */
export type Reference = {
  version: string;
  accuracy: number;
  labels: string[];
  /** The values of each input, by its name. */
  inputs: Record<string, Value[]>;
  /** Answers to rows that the model has not learnt from. */
  predictions: { label: string; confidence: number }[];
};

/** Counts the reference into bins, once, when the model is made. */
export function createProfile(reference: Reference): Profile {
  const { version, accuracy, labels, inputs, predictions } = reference;
  return {
    version,
    accuracy,
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, values]) => [
        name,
        describeNumbers(`input:${name}`, values),
      ]),
    ),
    label: describeClasses(
      'output:label',
      labels,
      predictions.map(({ label }) => label),
    ),
    confidence: describeNumbers(
      'output:confidence',
      predictions.map(({ confidence }) => confidence),
    ),
  };
}

const MOST_BINS = 10;
const ROWS_A_BIN = 10;

function describeNumbers(name: string, values: Value[]) {
  const known = values.filter(isKnown).sort((a, b) => a - b);
  if (known.length === 0) throw new Error(`${name} has no values`);
  const wanted = Math.floor(known.length / ROWS_A_BIN);
  const parts = Math.max(1, Math.min(MOST_BINS, wanted));
  const quantiles = Array.from({ length: parts }, (_, part) =>
    at(known, Math.ceil((known.length * (part + 1)) / parts) - 1),
  );
  // Many rows may share one value: then quantiles fall together, and
  // their bin holds more than its part. So bins are counted.
  const edges = [at(known, 0), ...new Set(quantiles)];
  const inner = edges
    .slice(1)
    .map((upper, index) => `${edges[index]} to ${upper}`);
  const bins = ['below', ...inner, 'above', 'missing'];
  const find = (_: string[], value: Value) => findBin(edges, value);
  return { name, bins, counts: countRows(bins, values, find), edges };
}

function describeClasses(
  name: string,
  labels: string[],
  answers: string[],
): ClassSignal {
  const bins = [...labels, 'other'];
  return { name, bins, counts: countRows(bins, answers, findClass) };
}

function countRows<T>(
  bins: string[],
  rows: T[],
  find: (bins: string[], row: T) => number,
): number[] {
  const counts = bins.map(() => 0);
  for (const row of rows) {
    const bin = find(bins, row);
    counts[bin] = at(counts, bin) + 1;
  }
  return counts;
}

// #region find-bin
/** The index of the bin that a value belongs to: always one. */
export function findBin(edges: number[], value: Value): number {
  if (!isKnown(value)) return edges.length + 1; // missing
  if (value < at(edges, 0)) return 0; // below
  let bin = 1;
  while (bin < edges.length && value > at(edges, bin)) bin++;
  return bin; // edges.length: above
}

/** The index of an answer's bin: `other`, the last, for a new one. */
export function findClass(bins: string[], label: string): number {
  const bin = bins.indexOf(label);
  return bin < 0 ? bins.length - 1 : bin;
}
// #endregion find-bin

function isKnown(value: Value): value is number {
  return Number.isFinite(value);
}

function at(values: number[], index: number): number {
  return values[index] ?? Number.NaN;
}

/** The limit of a signal's PSI without drift, as a multiple of 1/n + 1/m. */
export function findLimit({ bins }: Signal): number {
  // Without drift, PSI is about chi-squared(bins - 1) (1/n + 1/m). The
  // quantile 0.9999 of that, after Wilson and Hilferty.
  const freedom = bins.length - 1;
  const spread = 2 / (9 * freedom);
  return freedom * (1 - spread + 3.719 * Math.sqrt(spread)) ** 3;
}

// #region smooth-shares
/** The shares of the reference; half a row more in each bin, so that no share is zero. */
export function smoothShares(counts: number[]): number[] {
  const rows = counts.reduce((total, count) => total + count, 0);
  return counts.map(
    (count) => (count + 0.5) / (rows + 0.5 * counts.length),
  );
}
// #endregion smooth-shares
