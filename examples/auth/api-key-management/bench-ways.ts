import { randomBytes } from 'node:crypto';
import { apiKey } from '@better-auth/api-key';
import { hash, verify as verifyHash } from '@node-rs/bcrypt';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import type { Pool } from 'pg';
import { createApiKeys } from './api-keys.ts';
import { RULES } from './app.ts';
import { createKey } from './key-text.ts';
import { createNaiveKey, NAIVE_TABLE } from './naive.ts';
import { createKeyVerifier } from './verify-keys.ts';

/** One way to verify keys, and keys that it accepts. */
export type Way = {
  keys: string[];
  verify: (key: string) => Promise<boolean>;
};

/** This pattern. */
export async function preparePattern(
  pool: Pool,
  count: number,
): Promise<Way> {
  const { rows } = await pool.query<{ id: string }>(
    `insert into users (email) values ('ada@example.com') returning id`,
  );
  const id = `${rows[0]?.id}`;
  const issuer = { ownerId: id, createdBy: id };
  const rules = RULES;
  const issued = createApiKeys({ pool, rules, maxKeys: count });
  const wish = { name: 'bench', scopes: ['orders:read'], days: 1 };
  const keys = [];
  for (let n = 0; n < count; n++)
    keys.push((await issued.create(issuer, wish)).key);
  const verifier = createKeyVerifier({ pool, rules, log: console });
  return {
    keys,
    verify: async (key) => (await verifier.verify(key)).ownerId === id,
  };
}

/** The same, with what was found kept for a minute in the process. */
export function prepareCached({ keys, verify }: Way): Way {
  const known = new Map<string, number>();
  return {
    keys,
    async verify(key) {
      if (Number(known.get(key)) > Date.now()) return true;
      const isRight = await verify(key);
      known.set(key, Date.now() + 60_000);
      return isRight;
    },
  };
}

/** The naive way: a map in the process, and a write at each request. */
export async function prepareNaive(
  pool: Pool,
  count: number,
): Promise<Way> {
  await pool.query(NAIVE_TABLE);
  const keys: string[] = [];
  for (let n = 0; n < count; n++)
    keys.push(await createNaiveKey(pool, 'ada'));
  const owners = new Map<string, string>();
  return {
    keys,
    async verify(key) {
      if (!owners.has(key)) {
        const { rows } = await pool.query(
          'select owner from naive_keys where key = $1',
          [key],
        );
        if (!rows[0]) return false;
        owners.set(key, rows[0].owner);
      }
      await pool.query(
        'update naive_keys set used_at = now() where key = $1',
        [key],
      );
      return true;
    },
  };
}

/** Keys hashed like passwords: each row has a salt of its own. */
export async function prepareBcrypt(
  pool: Pool,
  count: number,
): Promise<Way> {
  const keys = Array.from({ length: count }, () => createKey('slow'));
  const hashes = await Promise.all(
    keys.map((key) => hash(key, { cost: 10 })),
  );
  await pool.query('create table bcrypt_keys (hash text)');
  await pool.query(
    'insert into bcrypt_keys select unnest($1::text[])',
    [hashes],
  );
  return {
    keys,
    async verify(key) {
      const { rows } = await pool.query('select hash from bcrypt_keys');
      for (const row of rows)
        if (await verifyHash(key, row.hash)) return true;
      return false;
    },
  };
}

/** Better Auth at its best: no limit of requests, and what it can defer deferred. */
export async function prepareBetterAuth(
  pool: Pool,
  count: number,
): Promise<Way> {
  const auth = betterAuth({
    database: pool,
    baseURL: 'http://localhost',
    secret: randomBytes(32).toString('base64url'),
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    logger: { disabled: true },
    // Its tasks handle their own errors.
    advanced: { backgroundTasks: { handler: () => {} } },
    plugins: [
      apiKey({ deferUpdates: true, rateLimit: { enabled: false } }),
    ],
  });
  await (await getMigrations(auth.options)).runMigrations();
  const body = {
    name: 'ada',
    email: 'ada@example.com',
    password: 'correct horse battery',
  };
  const { user } = await auth.api.signUpEmail({ body });
  const keys = [];
  for (let n = 0; n < count; n++) {
    const wish = { userId: user.id, name: 'bench' };
    keys.push((await auth.api.createApiKey({ body: wish })).key);
  }
  return {
    keys,
    verify: async (key) =>
      (await auth.api.verifyApiKey({ body: { key } })).valid,
  };
}
