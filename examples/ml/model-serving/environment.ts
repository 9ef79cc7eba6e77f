import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import {
  duration,
  port,
  wholeNumber,
} from '../../architecture/typed-configuration/fields.ts';

// One core is left for the event loop, which parses and answers.
const THREADS = Math.max(1, availableParallelism() - 1);

/** Where the model is, and the limits under which it serves. */
export const settingsSchema = z.object({
  MODEL_FOLDER: z
    .string()
    .transform((path) => pathToFileURL(`${path}/`))
    .optional(),
  THREADS: wholeNumber(1, 64).default(THREADS),
  DEADLINE: duration(60_000).default(500),
  MAX_WAITING: wholeNumber(1, 100_000).default(128),
  PORT: port().default(3000),
});
