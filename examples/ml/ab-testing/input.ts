import { z } from 'zod';
import { modelCard } from './model-card.ts';

const version = z.string().regex(/^[A-Za-z0-9.-]{1,64}$/);

/** Whose request it is, and what the model shall look at. */
export const question = z.strictObject({
  // In your app, the user comes from the session.
  user: z.string().regex(/^[\w@.-]{1,100}$/),
  row: z.array(z.number()).min(1).max(10_000),
});

/** What turned out to be true of a prediction. */
export const outcome = z.strictObject({
  prediction: z.uuid(),
  truth: z.string().min(1).max(100),
});

/** A version with its card and its bytes. */
export const registration = z.strictObject({
  version,
  card: modelCard,
  sha256: z.hash('sha256'),
  onnx: z.base64().transform((text) => Buffer.from(text, 'base64')),
});

const reason = z.string().min(1).max(500);
const seen = z.number().int().min(0);
const share = z.number().gt(0).max(0.5);

/** What an operator wants, and which revision was seen. */
export const stageChange = z
  .discriminatedUnion('to', [
    z.strictObject({ seen, reason, to: z.literal('shadow'), version }),
    z.strictObject({ seen, reason, to: z.literal('canary'), share }),
    z.strictObject({
      ...{ seen, reason, to: z.literal('live') },
      version: version.optional(),
    }),
    z.strictObject({ seen, reason, to: z.literal('rollback') }),
  ])
  .transform(({ seen, reason, ...command }) => ({
    ...{ seen, reason, command },
  }));
