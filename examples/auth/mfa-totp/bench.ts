import { createHmac, timingSafeEqual } from 'node:crypto';
import { NodeCryptoPlugin } from '@otplib/plugin-crypto-node';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { createTestLog } from '@touchstone/kit/testing/log';
import { verifySync } from 'otplib';
import { createPostgresSessions } from '../session-management/postgres-sessions.ts';
import { applySchema, SESSIONS } from './apply-schema.ts';
import { createServices } from './create-services.ts';
import { createNaiveFactors } from './naive.ts';
import { createKeys } from './test-app.ts';
import { createPhone } from './test-client.ts';
import { createTotpSecret, findStep } from './totp.ts';

const USERS = 200;
const LOAD = { clients: 8, seconds: 2 };

await using database = await freshDatabase({
  schema: SESSIONS,
  durable: true,
});
const { pool } = database;
await applySchema(pool);
const { factors, box } = createServices({
  pool,
  sessions: createPostgresSessions({ pool }),
  keys: createKeys(),
  issuer: 'Corner Shop',
  log: createTestLog(),
});
// As behind one proxy: right codes do not count for it.
const address = '192.0.2.1';
const users = await Promise.all(Array.from({ length: USERS }, addUser));

async function addUser(_: unknown, index: number) {
  const email = `user-${index}@example.com`;
  const { rows } = await pool.query<{ id: string }>(
    'insert into users (email) values ($1) returning id',
    [email],
  );
  const id = `${rows[0]?.id}`;
  const secret = createTotpSecret();
  await pool.query(
    `insert into totp_factors
       (user_id, id, secret, last_step, recovery_hashes)
     values ($1, $2, $3, 0, '{}')`,
    [id, id, box.seal(secret, id)],
  );
  const phone = createPhone(secret, () => new Date());
  return { id, email, secret, phone };
}

// The naive way keeps the secret in the table of the users.
await pool.query(
  'create table naive_users (id uuid primary key, secret text)',
);
for (const { id, secret } of users)
  await pool.query('insert into naive_users values ($1, $2)', [
    id,
    secret,
  ]);

let next = 0;
function pick() {
  const user = users[next++ % USERS];
  if (!user) throw new Error('there is no user');
  return user;
}

/** Each code counts once: the bench forgets its step, which costs one more statement. */
async function forget(id: string) {
  await pool.query(
    'update totp_factors set last_step = 0 where user_id = $1',
    [id],
  );
}

async function check() {
  const { id, phone } = pick();
  await forget(id);
  const attempt = { userId: id, factor: id, code: phone(), address };
  if (!(await factors.prove(attempt)))
    throw new Error('the code is wrong');
}

async function checkNaively() {
  const { id, email, phone } = pick();
  await forget(id);
  const { rows } = await pool.query<{ secret: string }>(
    'select secret from naive_users where id = $1',
    [id],
  );
  const totpSecret = `${rows[0]?.secret}`;
  const { sendCode } = createNaiveFactors(
    new Map([[email, { email, totpSecret }]]),
  );
  if (!sendCode({ email }, phone()))
    throw new Error('the code is wrong');
}

const checks = await compare({
  title: `Codes checked, ${LOAD.clients} clients at once`,
  unit: 'codes/s',
  better: 'higher',
  contenders: [
    {
      name: 'this pattern',
      measure: () => operationsPerSecond(LOAD, check),
    },
    {
      name: 'a select and otpauth (naive)',
      measure: () => operationsPerSecond(LOAD, checkNaively),
    },
  ],
});

const { secret } = pick();
/** As RFC 4226 has it, for three steps, with base32: what a library saves us from. */
function checkByHand(code: string): boolean {
  const key = decodeBase32(secret);
  const step = Math.floor(Date.now() / 30_000);
  return [step - 1, step, step + 1].some((counter) => {
    const message = Buffer.alloc(8);
    message.writeBigUInt64BE(BigInt(counter));
    const digest = createHmac('sha1', key).update(message).digest();
    const offset = digest.readUInt8(19) & 15;
    const number = (digest.readUInt32BE(offset) & 0x7fffffff) % 1e6;
    const expected = Buffer.from(`${number}`.padStart(6, '0'));
    return timingSafeEqual(expected, Buffer.from(code));
  });
}

function decodeBase32(text: string): Buffer {
  const bytes = Buffer.alloc(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let value = 0;
  let at = 0;
  for (const letter of text) {
    const five = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter);
    value = (value << 5) | five;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (value >> bits) & 255;
  }
  return bytes;
}

const WRONG = '000000';
const otplibCrypto = new NodeCryptoPlugin();
const maths = await compare({
  title: 'A wrong code compared with three steps',
  unit: 'codes/s',
  better: 'higher',
  contenders: [
    {
      name: 'this pattern',
      measure: measureMaths(() =>
        findStep({ secret, now: Date.now() / 1000 }, WRONG),
      ),
      note: 'otpauth',
    },
    {
      name: 'otplib',
      measure: measureMaths(() =>
        verifySync({
          secret,
          token: WRONG,
          epochTolerance: 30,
          crypto: otplibCrypto,
        }),
      ),
      note: 'with its plugin for node:crypto',
    },
    {
      name: 'node:crypto by hand',
      measure: measureMaths(() => checkByHand(WRONG)),
    },
  ],
});

writeBench(new URL('bench.json', import.meta.url), {
  id: 'auth/mfa-totp',
  software: 'PostgreSQL 18.4, otpauth 9.5.2, otplib 13.5.0',
  tables: [checks, maths],
});

function measureMaths(check: () => unknown) {
  return async () => {
    const start = performance.now();
    let done = 0;
    for (; performance.now() < start + 500; done++) check();
    return done / ((performance.now() - start) / 1000);
  };
}
