import {
  generateKeyPairSync,
  randomBytes,
  randomUUID,
} from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { SigningKey } from './access-tokens.ts';

/** New secrets for main.ts, as environment variables; never kept here. */
export function createSecrets() {
  return {
    REFRESH_SECRET: randomBytes(32).toString('base64url'),
    SIGNING_KEYS: JSON.stringify([createSigningKey()]),
  };
}

/** A new ES256 key: put it first, and keep the one before second. */
export function createSigningKey(): SigningKey {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = pair.privateKey.export({ format: 'jwk' });
  return { ...(key as Omit<SigningKey, 'kid'>), kid: randomUUID() };
}

// npx tsx secrets.ts > .env, and main.ts finds them with --env-file.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, value] of Object.entries(createSecrets()))
    console.log(`${name}='${value}'`);
}
