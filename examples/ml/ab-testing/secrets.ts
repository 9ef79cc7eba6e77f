import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

/** A new token for operators, as an environment variable; never kept here. */
export function createSecrets() {
  return { OPERATOR_TOKEN: randomBytes(32).toString('base64url') };
}

// `node secrets.ts > .env` makes a file for --env-file.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, value] of Object.entries(createSecrets()))
    console.log(`${name}='${value}'`);
}
