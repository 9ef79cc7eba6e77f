import { z } from 'zod';

const number = z.float32(); // what is larger becomes Infinity there
const numbers = z.array(number).min(1);

const feature = z
  .strictObject({
    name: z.string().regex(/^[a-z]\w{0,63}$/i),
    min: number,
    max: number,
    /** What the model gets for null; without it, null is refused. */
    whenMissing: number.optional(),
  })
  .refine(({ min, max }) => min <= max, 'min is above max');

/** What a model file needs beside it to be served; a training run writes it. */
export const modelCard = z.strictObject({
  name: z.string().min(1),
  version: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The tensors of the file: float32 [rows, features] in, float32 [rows, labels] out. */
  input: z.string().min(1).default('features'),
  output: z.string().min(1).default('probabilities'),
  /** In the order of the columns; outside of min and max the model may guess. */
  features: z
    .array(feature)
    .min(1)
    .refine(
      (all) => isUnique(all.map(({ name }) => name)),
      'a name twice',
    ),
  labels: z
    .array(z.string().min(1))
    .min(2)
    .refine(isUnique, 'a label twice'),
  /** What it predicted in training, to compare with. */
  examples: z
    .array(z.strictObject({ row: numbers, probabilities: numbers }))
    .min(1),
  /** How far another processor may round from the examples. */
  tolerance: z.number().positive().max(0.1).default(0.001),
});

/** A parsed card. */
export type ModelCard = z.output<typeof modelCard>;

/** The features of one request by name, as the card allows them. */
export type Features = Record<string, number | null>;

// #region input-from-card
/** Every feature by name, in range; refuses NaN, Infinity and other keys. */
export function inputOf({ features }: ModelCard) {
  const shape = features.map(({ name, min, max, whenMissing }) => {
    const value = z.number().min(min).max(max);
    return [name, whenMissing === undefined ? value : value.nullable()];
  });
  return z.strictObject<Record<string, z.ZodType<number | null>>>(
    Object.fromEntries(shape),
  );
}

/** The features as a row of the model, in the order of its columns. */
export function toRow({ features }: ModelCard, values: Features) {
  return Float32Array.from(features, ({ name, whenMissing }) =>
    Number(values[name] ?? whenMissing),
  );
}
// #endregion input-from-card

/** An answer, and the features that it is an answer to. */
export type Prediction = {
  version: string;
  label: string;
  probabilities: Record<string, number>;
  features: Features;
};

/** Names the numbers that the model answered. */
export function describeAnswer(
  { version, labels }: ModelCard,
  features: Features,
  answer: Float32Array,
): Prediction {
  const highest = answer.indexOf(Math.max(...answer));
  const entries = labels.map((label, index) => [label, answer[index]]);
  return {
    version,
    label: `${labels[highest]}`,
    probabilities: Object.fromEntries(entries),
    features,
  };
}

function isUnique(names: string[]): boolean {
  return new Set(names).size === names.length;
}
