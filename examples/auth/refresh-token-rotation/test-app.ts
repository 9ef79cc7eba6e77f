import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { testClock } from '@touchstone/kit/time/clock';
import {
  createAccessTokens,
  type SigningKey,
} from './access-tokens.ts';
import { createApp } from './app.ts';
import { createRefreshTokens } from './refresh-tokens.ts';
import { createSecrets, createSigningKey } from './secrets.ts';
import { createClient } from './test-client.ts';
import { createUsers } from './users.ts';

const parties = {
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
};

/** The app on a socket and a database of its own, with one user and a clock that stands still. */
export async function startTestApp() {
  const database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const { pool } = database;
  const clock = testClock();
  const log = createTestLog();
  const signingKey = createSigningKey();
  const accessTokens = createAccessTokens({
    keys: [signingKey],
    ...parties,
    clock,
  });
  const refreshTokens = createRefreshTokens({
    pool,
    clock,
    log,
    secret: createSecrets().REFRESH_SECRET,
  });
  const users = createUsers({ pool, cost: 2 });
  const server = await listen(
    createApp({ users, accessTokens, refreshTokens, log }),
  );
  const client = createClient(server.url);
  await client.register();

  async function dispose() {
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }

  return {
    ...client,
    pool,
    clock,
    parties,
    signingKey,
    warnings: log.warnings,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Another machine that shares the keys, with a clock of its own. */
export function createVerifier(
  keys: [SigningKey, ...SigningKey[]],
  clock = testClock(),
) {
  return { clock, ...createAccessTokens({ keys, ...parties, clock }) };
}

function createTestLog() {
  const warnings: { message: string; details: object }[] = [];
  return {
    warnings,
    warn: (message: string, details: object) =>
      void warnings.push({ message, details }),
    error: console.error,
  };
}
