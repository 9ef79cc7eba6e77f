import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

/** Tokens for two operators, as an environment variable; never kept here. */
export function createSecrets() {
  const operators = { ada: createToken(), ben: createToken() };
  return { OPERATORS: JSON.stringify(operators) };
}

const createToken = () => randomBytes(32).toString('base64url');

// npx tsx secrets.ts > .env, and main.ts finds them with --env-file.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, value] of Object.entries(createSecrets()))
    console.log(`${name}='${value}'`);
}
