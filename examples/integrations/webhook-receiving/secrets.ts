import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

/** New secrets for main.ts, as environment variables; never kept here. */
export function createSecrets() {
  return {
    ACME_SECRETS: createSigningSecret(),
    STRIPE_SECRETS: createSigningSecret(),
    OPERATOR_TOKEN: randomBytes(32).toString('base64url'),
  };
}

/** As Standard Webhooks writes them: 24 to 64 random bytes, base64. */
export function createSigningSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

// npx tsx secrets.ts > .env, and main.ts finds them with --env-file.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, value] of Object.entries(createSecrets()))
    console.log(`${name}='${value}'`);
}
