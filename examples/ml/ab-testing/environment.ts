import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { duration } from '../../architecture/typed-configuration/fields.ts';
import { secret } from '../../architecture/typed-configuration/secret.ts';

/** Where the versions are, and who may change what runs. */
export const settingsSchema = z.object({
  OPERATOR_TOKEN: secret(),
  /** A folder with a folder for each version. */
  MODELS: z
    .string()
    .transform((path) => pathToFileURL(`${path}/`))
    .optional(),
  DEADLINE: duration(60_000).default(500),
});
