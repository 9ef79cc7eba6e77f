import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

/** New secrets for main.ts, as environment variables. */
export function createSecrets() {
  const pepper = randomBytes(32).toString('base64url');
  return { PASSWORD_PEPPERS: `2026:${pepper}` };
}

// `node secrets.ts > .env` makes a file for --env-file.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, value] of Object.entries(createSecrets()))
    console.log(`${name}='${value}'`);
}
