import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';

/** Where the model lies, and the limits under which it serves. */
export const environmentSchema = z.object({
  MODEL_FOLDER: z
    .string()
    .min(1)
    .transform((path) => pathToFileURL(`${path}/`))
    .optional(),
  // One core stays for the event loop, which parses and answers.
  THREADS: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(Math.max(1, availableParallelism() - 1)),
  DEADLINE_MILLISECONDS: z.coerce.number().int().min(1).default(500),
  MAX_WAITING: z.coerce.number().int().min(1).default(128),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
});
