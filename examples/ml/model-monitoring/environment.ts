import { secret } from '@touchstone/kit/app/environment';
import { z } from 'zod';

const ADVICE = 'Make a new one with: npx tsx secrets.ts';

/** No default for the secret: without it the program does not start. */
export const environmentSchema = z.object({
  PREDICTION_SECRET: secret(ADVICE),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
});
