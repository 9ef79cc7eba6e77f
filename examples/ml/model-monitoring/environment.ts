import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import {
  duration,
  port,
  wholeNumber,
} from '../../architecture/typed-configuration/fields.ts';
import { secret } from '../../architecture/typed-configuration/secret.ts';

/** Where the model and its reference are, and what signs the ids. */
export const environmentSchema = z.object({
  MODEL_FOLDER: z
    .string()
    .transform((path) => pathToFileURL(`${path}/`))
    .optional(),
  PREDICTION_SECRET: secret(),
  THREADS: wholeNumber(1, 64).default(1),
  DEADLINE: duration(60_000).default(500),
  PORT: port().default(3000),
});
