import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

/** A new secret for main.ts, as an environment variable; never kept here. */
export function createSecrets() {
  return { PREDICTION_SECRET: randomBytes(32).toString('base64url') };
}

// npx tsx secrets.ts > .env, and main.ts finds it with --env-file.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, value] of Object.entries(createSecrets()))
    console.log(`${name}='${value}'`);
}
