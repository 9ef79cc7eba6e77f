import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { hidden } from '../../architecture/typed-configuration/secret.ts';

const ADVICE =
  'set the one that the sender shows, or make one: node secrets.ts';
/** From the tests and manuals of Standard Webhooks. */
const PUBLISHED =
  /MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw|C2FVsBQIhrscChlQIMV/;

/** The new one and, after a comma, the old one while it still signs. */
const signingSecrets = hidden(
  z
    .string({ error: ADVICE })
    .refine((text) => !PUBLISHED.test(text), `is published; ${ADVICE}`)
    .transform((text) => text.split(',')),
);

const schema = z.object({
  ACME_SECRETS: signingSecrets,
  STRIPE_SECRETS: signingSecrets,
});

/** The secrets of the senders; throws an EnvironmentError that says what to set. */
export function readSettings(environment = process.env) {
  const settings = readEnvironment(schema, environment);
  return {
    acme: settings.ACME_SECRETS.reveal(),
    stripe: settings.STRIPE_SECRETS.reveal(),
  };
}
