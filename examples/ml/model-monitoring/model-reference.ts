import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type {
  Features,
  ModelCard,
  Prediction,
} from '../model-serving/model-card.ts';

const counts = z.array(z.int().min(0));
const numbers = z.strictObject({
  /** The lower edge of the first bin, then the upper edge of each. */
  edges: z.array(z.number()).min(2),
  counts,
});

/** What a model met and answered when it was made: JSON that is kept beside its card, and adds to it. */
export const modelReference = z
  .strictObject({
    /** Of the file that the card names. */
    sha256: z.string(),
    features: z.record(z.string(), numbers),
    confidence: numbers,
    /** In the order of the card. */
    labels: counts,
    /** Of the held-out rows, how many answers were right. */
    right: z.int().min(0),
    heldOut: z.int().min(1),
  })
  .refine(({ right, heldOut }) => right <= heldOut, 'too many right');

/** A parsed reference. */
export type ModelReference = z.output<typeof modelReference>;

/** An answer to a row that the model has not learnt from. */
export type HeldOut = { prediction: Prediction; truth: string };

/** Counts rows and answers into bins, once, when the model is made. */
export function createReference(
  card: ModelCard,
  { rows, answers }: { rows: Features[]; answers: HeldOut[] },
): ModelReference {
  const labels = answers.map(({ prediction }) => prediction.label);
  const isRight = ({ prediction, truth }: HeldOut) =>
    prediction.label === truth;
  return modelReference.parse({
    sha256: card.sha256,
    features: Object.fromEntries(
      card.features.map(({ name }) => {
        const values = rows.map((row) => row[name]);
        return [name, countNumbers(name, values)];
      }),
    ),
    confidence: countNumbers(
      'confidence',
      answers.map(({ prediction }) => toConfidence(prediction)),
    ),
    labels: card.labels.map(
      (label) => labels.filter((one) => one === label).length,
    ),
    right: answers.filter(isRight).length,
    heldOut: answers.length,
  });
}

/** Reads reference.json, which must be that of the card. */
export async function readReference(
  folder: URL,
  card: ModelCard,
): Promise<ModelReference> {
  const file = new URL('reference.json', folder);
  const text = await readFile(file, 'utf8');
  const reference = modelReference.parse(JSON.parse(text));
  if (reference.sha256 === card.sha256) return reference;
  throw new Error('reference.json belongs to another model');
}

type Value = number | null | undefined;

const MOST_BINS = 10;
const ROWS_A_BIN = 10;

/** Bins of equal shares; a hundredth of the rows is outside on each side. */
function countNumbers(name: string, values: Value[]) {
  const known = values.filter(isKnown).sort((a, b) => a - b);
  if (known.length === 0) throw new Error(`${name} has no values`);
  const outside = Math.floor(known.length / 100);
  const inside = known.slice(outside, known.length - outside);
  const wanted = Math.floor(inside.length / ROWS_A_BIN);
  const parts = Math.max(1, Math.min(MOST_BINS, wanted));
  const uppers = Array.from({ length: parts }, (_, part) =>
    at(inside, Math.ceil((inside.length * (part + 1)) / parts) - 1),
  );
  // Rows that share a value make quantiles equal: bins are counted.
  const edges = [at(inside, 0), ...new Set(uppers)];
  const counts = Array.from({ length: edges.length + 2 }, () => 0);
  for (const value of values) addOne(counts, findBin(edges, value));
  return { edges, counts };
}

/** The bin of a value: below the edges, between two, above, or missing. */
export function findBin(edges: number[], value: Value): number {
  if (!isKnown(value)) return edges.length + 1;
  if (value < at(edges, 0)) return 0;
  let bin = 1;
  while (bin < edges.length && value > at(edges, bin)) bin++;
  return bin;
}

/** How sure the model is of the label that it answers. */
export function toConfidence(prediction: Prediction) {
  return prediction.probabilities[prediction.label];
}

/** Adds one to a count. */
export function addOne(counts: number[], index: number): void {
  counts[index] = at(counts, index) + 1;
}

function isKnown(value: Value): value is number {
  return Number.isFinite(value);
}

function at(values: number[], index: number): number {
  return values[index] ?? Number.NaN;
}
