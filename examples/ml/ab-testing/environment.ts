import { secret } from '@touchstone/kit/app/environment';
import { z } from 'zod';

const ADVICE = 'Make new ones with: npx tsx secrets.ts';
const name = z.string().regex(/^[a-z-]{1,32}$/);

/** No defaults for tokens: without them the program does not start. */
export const environmentSchema = z.object({
  OPERATORS: z
    .string({ error: `is not set. ${ADVICE}` })
    .transform(parseJson)
    .pipe(z.record(name, secret(ADVICE))),
  DATABASE_URL: z.url().optional(),
  /** How long it takes at most until a server follows a change. */
  FOLLOW_MILLISECONDS: z.coerce.number().int().min(10).default(1000),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
});

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const message = `is not JSON. ${ADVICE}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  }
}
