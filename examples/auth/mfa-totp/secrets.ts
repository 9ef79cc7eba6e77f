import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

/** New secrets for main.ts, as environment variables. */
export function createSecrets() {
  return { TOTP_KEYS: randomBytes(32).toString('base64url') };
}

// `node secrets.ts > .env` makes a file for --env-file.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, value] of Object.entries(createSecrets()))
    console.log(`${name}='${value}'`);
}
