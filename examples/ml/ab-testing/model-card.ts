import { z } from 'zod';

/** What must be known of a model to ask it, and to see that it is the right one. */
export const modelCard = z.strictObject({
  labels: z.array(z.string().min(1).max(100)).min(2).max(1000),
  width: z.number().int().min(1).max(10_000),
  /** Its share of right answers on the test set: for people to read. */
  accuracy: z.number().min(0).max(1),
  /** Some rows with the label that training gave them. */
  examples: z
    .array(
      z.strictObject({
        row: z.array(z.number()),
        label: z.string(),
      }),
    )
    .min(1)
    .max(100),
});

/** A parsed card. */
export type ModelCard = z.output<typeof modelCard>;

/** A version as the registry has it. */
export type ModelVersion = {
  version: string;
  card: ModelCard;
  bytes: Uint8Array;
};
