import { z } from 'zod';

const numbers = z.array(z.number()).min(1);

/** What a model file needs beside it to be served; a training run writes it. */
export const modelCard = z.strictObject({
  name: z.string().min(1),
  version: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** In the order of the columns; outside of min and max it may guess. */
  features: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z]\w{0,63}$/i),
        min: z.number(),
        max: z.number(),
      }),
    )
    .min(1),
  labels: z.array(z.string().min(1)).min(2),
  /** What it predicted in training, to compare with. */
  examples: z
    .array(z.strictObject({ row: numbers, probabilities: numbers }))
    .min(1),
});

/** A parsed card. */
export type ModelCard = z.output<typeof modelCard>;

// #region input-from-card
/** Every feature by name, finite and in range, as a row of the model. */
export function inputOf({ features }: ModelCard) {
  const shape = features.map(({ name, min, max }) => [
    name,
    z.number().min(min).max(max), // refuses NaN and Infinity too
  ]);
  return z
    .strictObject<Record<string, z.ZodNumber>>(
      Object.fromEntries(shape),
    )
    .transform((values) =>
      Float32Array.from(features, ({ name }) => Number(values[name])),
    );
}
// #endregion input-from-card
