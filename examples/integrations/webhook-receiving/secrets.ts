import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

/** New secrets for main.ts, as environment variables. */
export function createSecrets() {
  return {
    ACME_SECRETS: createSigningSecret(),
    STRIPE_SECRETS: createSigningSecret(),
  };
}

/** As Standard Webhooks writes them: 24 to 64 random bytes, base64. */
export function createSigningSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

// `node secrets.ts > .env` makes a file for --env-file.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, value] of Object.entries(createSecrets()))
    console.log(`${name}='${value}'`);
}
