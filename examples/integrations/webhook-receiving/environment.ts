import { secret } from '@touchstone/kit/app/environment';
import { z } from 'zod';

const ADVICE = 'Take what the sender shows, or: npx tsx secrets.ts';

// #region read-secrets
/** They stand in the tests and manuals of Standard Webhooks. */
const PUBLISHED = [
  'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
];

/** At least 24 random bytes; an empty key would verify anybody. */
const signingSecret = z
  .string()
  .regex(/^whsec_[\w+/-]{32,}=*$/, `is no whsec_ secret. ${ADVICE}`)
  .refine((value) => !PUBLISHED.includes(value), {
    error: `is a published value, no secret. ${ADVICE}`,
  })
  .refine((value) => new Set(value.slice(6)).size >= 12, {
    error: `is a well-known value, no secret. ${ADVICE}`,
  });

/** The new one, and behind a comma the old one while it still signs. */
const signingSecrets = z
  .string({ error: `is not set. ${ADVICE}` })
  .transform((text) => text.split(','))
  .pipe(z.tuple([signingSecret], signingSecret));

/** No defaults for secrets: without them the program does not start. */
export const environmentSchema = z.object({
  ACME_SECRETS: signingSecrets,
  STRIPE_SECRETS: signingSecrets,
  OPERATOR_TOKEN: secret('Make one with: npx tsx secrets.ts'),
  DATABASE_URL: z.url().optional(),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
});
// #endregion read-secrets
