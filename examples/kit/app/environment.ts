import { z } from 'zod';
import { SettingError } from './setting-error.ts';

/** The environment as the schema has it; throws one sentence for each variable that is not right. */
export function readEnvironment<T extends z.ZodType>(
  schema: T,
  environment = process.env,
): z.output<T> {
  const result = schema.safeParse(environment);
  if (result.success) return result.data;
  const sentences = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new SettingError(sentences.join('\n'));
}

/** Values that stand in tutorials and lists of leaked secrets, or are easily guessed. */
const WELL_KNOWN = /secret|password|change.?me|example|default|123456/i;

/** Hex has only 16 characters to draw from; fewer than 10 in 32 random bytes happen once in 10^12. */
const FEWEST_DISTINCT = 10;

/** A secret of at least 32 random bytes, as hex or base64; `advice` says how to make one. */
export function secret(advice: string) {
  return z
    .string({ error: `is not set. ${advice}` })
    .refine((value) => value.length >= 43, { error: `is too short to be a secret. ${advice}` })
    .refine((value) => !WELL_KNOWN.test(value) && countDistinct(value) >= FEWEST_DISTINCT, {
      error: `is a well-known value, no secret. ${advice}`,
    });
}

const countDistinct = (value: string): number => new Set(value).size;
