import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { createTestLog } from '@touchstone/kit/testing/log';
import { createPostgresSessions } from '../session-management/postgres-sessions.ts';
import { createToken } from '../session-management/session.ts';
import { applySchema, SESSIONS } from './apply-schema.ts';
import { openNaiveSite } from './naive-site.ts';
import { createPasskeyRegistration } from './passkey-registration.ts';
import { createPasskeySignIn } from './passkey-sign-in.ts';
import { ORIGIN } from './test-app.ts';
import { createAuthenticator } from './test-authenticator.ts';

const LOAD = { clients: 8, seconds: 2 };
const device = 'bench';

await using database = await freshDatabase({
  schema: SESSIONS,
  durable: true,
});
const { pool } = database;
await applySchema(pool);
const sessions = createPostgresSessions({ pool });
const rp = {
  id: new URL(ORIGIN).hostname,
  name: 'Corner Shop',
  origins: [ORIGIN],
};
const options = { pool, sessions, rp, log: createTestLog() };
const registration = createPasskeyRegistration(options);
const signIn = createPasskeySignIn(options);
const clients = await Promise.all(
  Array.from({ length: LOAD.clients }, addClient),
);

async function addClient(_: unknown, index: number) {
  const { rows } = await pool.query<{ id: string }>(
    'insert into users (email) values ($1) returning id',
    [`user-${index}@example.com`],
  );
  const userId = `${rows[0]?.id}`;
  const token = await sessions.begin({ userId, device });
  const session = await sessions.read(token);
  if (!session) throw new Error('there is no session');
  const key = createAuthenticator(ORIGIN);
  const asked = await registration.begin(session, 'user');
  const response = key.create(asked, { counter: 1 });
  await registration.finish(session, { name: 'key', response });
  return { key, userId, browser: createToken() };
}

async function useSignIn(index: number) {
  const client = clients[index];
  if (!client) throw new Error('there is no such client');
  const { key, browser } = client;
  const answer = key.get(await signIn.begin(browser));
  await signIn.finish(answer, { browser, device });
}

const naive = await openNaiveSite();
let counter = 5;
async function useNaive() {
  counter += 1;
  await naive.signIn(naive.answer({ counter }));
}

async function beginSession(index: number) {
  const userId = `${clients[index]?.userId}`;
  await sessions.begin({ userId, device });
}

const table = await compare({
  title: `Sign-ins, ${LOAD.clients} at once`,
  unit: 'sign-ins/s',
  better: 'higher',
  contenders: [
    { name: 'this pattern', measure: measure(useSignIn) },
    {
      name: '@simplewebauthn/server alone (naive)',
      measure: measure(useNaive),
      note: 'stores nothing, and begins no session',
    },
    {
      name: 'a session without a passkey',
      measure: measure(beginSession),
      note: 'the last step alone',
    },
  ],
});
writeBench(new URL('bench.json', import.meta.url), {
  id: 'auth/passkeys-webauthn',
  software: '@simplewebauthn/server 14.0.3',
  tables: [table],
});

function measure(work: (client: number) => Promise<unknown>) {
  return () => operationsPerSecond(LOAD, work);
}
