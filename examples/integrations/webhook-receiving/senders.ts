import { createVerifier } from './signatures.ts';

type Secrets = readonly [string, ...string[]];

/** Who may send, by the name that stands in the path of its webhooks. */
export function createVerifiers(
  settings: { ACME_SECRETS: Secrets; STRIPE_SECRETS: Secrets },
  clock: () => Date,
) {
  const acme = createVerifier({
    scheme: 'standard',
    secrets: settings.ACME_SECRETS,
    clock,
  });
  const stripe = createVerifier({
    scheme: 'stripe',
    secrets: settings.STRIPE_SECRETS,
    clock,
  });
  return new Map(Object.entries({ acme, stripe }));
}
