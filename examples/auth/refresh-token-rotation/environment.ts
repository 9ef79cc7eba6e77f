import { secret } from '@touchstone/kit/app/environment';
import { z } from 'zod';

const ADVICE = 'Make new ones with: npx tsx secrets.ts';

// #region read-secrets
/** Private keys that stand in RFC 7515 A.3 and RFC 7517 A.2. */
const PUBLISHED_KEYS = [
  'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
  '870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE',
];

const coordinate = z.base64url().length(43);
const signingKey = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinate,
  y: coordinate,
  d: coordinate.refine((d) => !PUBLISHED_KEYS.includes(d), {
    error: `is a key from a specification. ${ADVICE}`,
  }),
  kid: z.string().min(1),
});

/** No defaults for secrets: without them the program does not start. */
export const environmentSchema = z.object({
  REFRESH_SECRET: secret(ADVICE),
  SIGNING_KEYS: z
    .string({ error: `is not set. ${ADVICE}` })
    .transform(parseJson)
    .pipe(z.tuple([signingKey], signingKey)),
  DATABASE_URL: z.url().optional(),
  ISSUER: z.url().default('http://localhost:3000'),
  AUDIENCE: z.url().default('http://localhost:3000'),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
});
// #endregion read-secrets

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({
      code: 'custom',
      message: `is not JSON. ${ADVICE}`,
    });
    return z.NEVER;
  }
}
