import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createSigningKey } from '../jwt-access-tokens/signing-keys.ts';

/** New secrets for main.ts, as environment variables. */
export function createSecrets() {
  return {
    REFRESH_SECRET: randomBytes(32).toString('base64url'),
    SIGNING_KEYS: JSON.stringify([createSigningKey(new Date())]),
  };
}

// `node secrets.ts > .env` makes a file for --env-file.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, value] of Object.entries(createSecrets()))
    console.log(`${name}='${value}'`);
}
