import {
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  randomBytes,
} from 'node:crypto';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  type RunningProgram,
  runProgram,
  startProgram,
} from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { testClock } from '@touchstone/kit/time/clock';
import { waitUntil } from '@touchstone/kit/time/wait';
import { type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import type { Pool } from 'pg';
import { expect } from 'vitest';
import type { SigningKey } from './access-tokens.ts';
import { environmentSchema } from './environment.ts';
import { createSecrets, createSigningKey } from './secrets.ts';
import { createVerifier, startTestApp } from './test-app.ts';
import {
  type Answer,
  createClient,
  readTokens,
} from './test-client.ts';

const MAIN = new URL('main.ts', import.meta.url);
const SCHEMA = new URL('schema.sql', import.meta.url);

failure(
  'A stolen refresh token is replayed',
  {
    symptom:
      '401 `invalid_grant`; this login ends, and the log has `refresh token reused`',
    defence: 'recognise-retry',
    remains:
      'The thief keeps the access token until it expires, five minutes at most',
  },
  async () => {
    await using app = await startTestApp();
    const stolen = await app.login();
    const otherDevice = await app.login();
    const owner = readTokens(await app.refresh(stolen.refreshToken));
    app.clock.advance({ seconds: 11 });

    expect((await app.refresh(stolen.refreshToken)).status).toBe(401);

    expect((await app.refresh(owner.refreshToken)).status).toBe(401);
    expect((await app.refresh(otherDevice.refreshToken)).status).toBe(
      200,
    );
    expect(app.warnings).toEqual([
      {
        message: 'refresh token reused',
        details: {
          familyId: expect.any(String),
          userId: expect.any(String),
        },
      },
    ]);
  },
);

failure(
  'Two tabs refresh in the same instant',
  {
    symptom:
      'Both get 200 and the same new token; nobody is logged out',
    defence: 'recognise-retry',
    remains:
      'A thief within ten seconds gets that token too; its second use then ends the login',
  },
  async () => {
    await using app = await startTestApp();
    const { refreshToken } = await app.login();

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => app.refresh(refreshToken)),
    );

    const successors = new Set(
      answers.map((answer) => readTokens(answer).refreshToken),
    );
    expect(successors.size).toBe(1);
    const [successor = ''] = successors;
    expect((await app.refresh(successor)).status).toBe(200);
    expect(app.warnings).toEqual([]);
  },
);

failure(
  'The process dies between commit and answer',
  {
    symptom:
      'The connection breaks; the retry gets the token that was lost',
    defence: 'hash-and-successor',
    remains:
      'A client that comes back after more than ten seconds has to log in again',
  },
  async () => {
    await using database = await freshDatabase({ schema: SCHEMA });
    const environment = {
      ...createSecrets(),
      DATABASE_URL: database.url,
      PORT: '0',
    };
    await using first = await startProgram(MAIN, environment);
    const client = createClient(first.url);
    await client.register();
    const { refreshToken } = await client.login();

    const { answer } = await killAfterCommit(database.pool, first, () =>
      client.refresh(refreshToken),
    );
    await expect(answer).rejects.toThrow('fetch failed');

    await using second = await startProgram(MAIN, environment);
    const again = createClient(second.url);
    const tokens = readTokens(await again.refresh(refreshToken));
    expect((await again.refresh(tokens.refreshToken)).status).toBe(200);
  },
);

failure(
  'An access token says `alg: none`, or HS256 with the public key as its secret',
  {
    symptom: '401 `invalid_token`',
    defence: 'verify',
    remains: 'Whoever has the private key signs what they like',
  },
  async () => {
    await using app = await startTestApp();
    const { accessToken } = await app.login();
    const claims = readClaims(accessToken);
    const header = { typ: 'at+jwt', kid: app.signingKey.kid };
    const { d, ...publicJwk } = app.signingKey;
    const publicKey = createPublicKey({
      key: publicJwk,
      format: 'jwk',
    });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });

    const [, payload] = new UnsecuredJWT(claims).encode().split('.');
    const none = encode({ alg: 'none', ...header });
    const forged = [`${none}.${payload}.`, `${none}.${payload}.AAAA`];
    for (const secret of [pem, JSON.stringify(publicJwk)]) {
      forged.push(
        await new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256', ...header })
          .sign(Buffer.from(secret)),
      );
    }

    for (const token of forged)
      expect(await app.me(token)).toMatchObject(notValid);
    expect((await app.me(accessToken)).status).toBe(200);
  },
);

failure(
  'A token was made for another audience, issuer or use',
  {
    symptom: '401 `invalid_token`',
    defence: 'verify',
    remains: 'APIs that share one audience accept each other’s tokens',
  },
  async () => {
    await using app = await startTestApp();
    const { accessToken } = await app.login();
    const claims = readClaims(accessToken);
    const others: [JWTPayload, string][] = [
      [{ ...claims, aud: 'https://other.example.com' }, 'at+jwt'],
      [{ ...claims, iss: 'https://evil.example.com' }, 'at+jwt'],
      [claims, 'JWT'],
    ];

    for (const [payload, typ] of others) {
      const token = await signWith(app.signingKey, payload, typ);
      expect(await app.me(token)).toMatchObject(notValid);
    }
    const same = await signWith(app.signingKey, claims, 'at+jwt');
    expect((await app.me(same)).status).toBe(200);
  },
);

failure(
  'The clocks of two machines differ',
  {
    symptom: 'Up to 30 seconds: nothing. More: 401 `invalid_token`',
    defence: 'verify',
    remains: 'A token lives up to 30 seconds longer than it says',
  },
  async () => {
    await using app = await startTestApp();
    const { accessToken } = await app.login();
    const accepts = (offset: number) => {
      const clock = testClock();
      clock.advance({ seconds: offset });
      const machine = createVerifier([app.signingKey], clock);
      return machine.verify(accessToken).then(
        () => true,
        () => false,
      );
    };

    expect(await accepts(-31)).toBe(false);
    expect(await accepts(-29)).toBe(true);
    expect(await accepts(300 + 29)).toBe(true);
    expect(await accepts(300 + 31)).toBe(false);
  },
);

failure(
  'The signing key is rotated while old tokens are alive',
  {
    symptom:
      'None: old and new tokens are valid until the old key is taken out',
    defence: 'verify',
    remains:
      'Services that keep the JWKS learn of a new key when they fetch it again',
  },
  async () => {
    const [oldKey, newKey] = [createSigningKey(), createSigningKey()];
    const before = createVerifier([oldKey]);
    const during = createVerifier([newKey, oldKey]);
    const after = createVerifier([newKey]);
    const claims = { userId: 'ada', familyId: 'phone' };

    const oldToken = await before.sign(claims);
    const newToken = await during.sign(claims);

    expect(await during.verify(oldToken)).toEqual(claims);
    expect(await during.verify(newToken)).toEqual(claims);
    expect(await after.verify(newToken)).toEqual(claims);
    await expect(after.verify(oldToken)).rejects.toMatchObject({
      code: 'invalid_token',
    });
    await expect(before.verify(newToken)).rejects.toMatchObject({
      code: 'invalid_token',
    });
  },
);

failure(
  'A stranger reads a dump of the database',
  {
    symptom:
      'Nothing in it opens a door: every value is answered with 400 or 401',
    defence: 'hash-and-successor',
    remains: 'Who is logged in on how many devices, and since when',
  },
  async () => {
    await using app = await startTestApp();
    const first = await app.login();
    const { refreshToken } = readTokens(
      await app.refresh(first.refreshToken),
    );

    const { dump, hashes } = await dumpDatabase(app.pool);

    for (const token of [first.refreshToken, refreshToken]) {
      expect(dump).not.toContain(token);
      expect(dump).not.toContain(Buffer.from(token).toString('hex'));
      expect(dump).not.toContain(
        Buffer.from(token, 'base64url').toString('hex'),
      );
    }
    for (const hash of hashes) {
      for (const guess of [
        hash.toString('hex'),
        hash.toString('base64url'),
      ])
        expect([400, 401]).toContain((await app.refresh(guess)).status);
    }
    expect((await app.refresh(refreshToken)).status).toBe(200);
  },
);

failure(
  'The program starts with a secret that is missing or well known',
  {
    symptom:
      'It ends at once with exit code 1 and a sentence that says what to set',
    defence: 'read-secrets',
    remains: 'A secret that leaked looks like any other',
  },
  async () => {
    const { REFRESH_SECRET, SIGNING_KEYS } = createSecrets();
    const published = {
      ...createSigningKey(),
      d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI',
    };
    const wrong: [Record<string, string>, string][] = [
      [{ SIGNING_KEYS }, 'is not set'],
      [{ REFRESH_SECRET }, 'is not set'],
      [{ SIGNING_KEYS, REFRESH_SECRET: 'tiger' }, 'is too short'],
      [
        { SIGNING_KEYS, REFRESH_SECRET: 'changeme'.repeat(8) },
        'is a well-known value',
      ],
      [
        { SIGNING_KEYS, REFRESH_SECRET: '0'.repeat(64) },
        'is a well-known value',
      ],
      [{ REFRESH_SECRET, SIGNING_KEYS: 'tiger' }, 'is not JSON'],
      [{ REFRESH_SECRET, SIGNING_KEYS: '[]' }, 'SIGNING_KEYS'],
      [
        { REFRESH_SECRET, SIGNING_KEYS: JSON.stringify([published]) },
        'is a key from a specification',
      ],
    ];

    for (const [environment, sentence] of wrong) {
      const { error } = environmentSchema.safeParse(environment);
      expect(error?.message).toContain(sentence);
    }
    expect(
      environmentSchema.safeParse({ REFRESH_SECRET, SIGNING_KEYS })
        .success,
    ).toBe(true);

    const { code, errors } = await runProgram(MAIN, {
      REFRESH_SECRET: 'tiger',
      SIGNING_KEYS: '',
    });
    expect(code).toBe(1);
    expect(errors).toContain(
      'REFRESH_SECRET: is too short to be a secret',
    );
    expect(errors).not.toContain('tiger');
  },
);

failure(
  'Someone guesses a thousand refresh tokens',
  {
    symptom:
      '401 `invalid_grant` a thousand times; no login ends, no row is written',
    defence: 'hash-and-successor',
    remains:
      'The guesses cost a request and an index look-up each: limit the rate in front',
  },
  async () => {
    await using app = await startTestApp();
    const spent = await app.login();
    const owner = readTokens(await app.refresh(spent.refreshToken));
    const before = await dumpDatabase(app.pool);

    const guesses = [
      ...guessSuccessors(spent.refreshToken),
      ...Array.from({ length: 996 }, () =>
        randomBytes(32).toString('base64url'),
      ),
    ];
    const statuses = await mapConcurrently(
      guesses,
      16,
      async (guess) => (await app.refresh(guess)).status,
    );

    expect(statuses.filter((status) => status !== 401)).toEqual([]);
    expect(await dumpDatabase(app.pool)).toEqual(before);
    expect(app.warnings).toEqual([]);
    expect(Buffer.from(owner.refreshToken, 'base64url')).toHaveLength(
      32,
    );
    expect((await app.refresh(owner.refreshToken)).status).toBe(200);
  },
);

const notValid = { status: 401, body: { code: 'invalid_token' } };

/** Sends a rotation and kills the program once it is committed, before the program can know. */
async function killAfterCommit(
  pool: Pool,
  program: RunningProgram,
  send: () => Promise<Answer>,
) {
  const blocker = await pool.connect();
  await blocker.query('begin; select from refresh_tokens for update');
  const answer = send();
  answer.catch(() => {}); // it fails while we still wait for other things
  try {
    await waitUntil('the rotation waits for our lock', () =>
      hasRow(
        pool,
        `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      ),
    );
    await program.signal('SIGSTOP');
  } finally {
    await blocker.query('commit');
    blocker.release();
  }
  await waitUntil('the rotation is committed', () =>
    hasRow(pool, 'refresh_tokens where spent_at is not null'),
  );
  await program.kill('SIGKILL');
  return { answer };
}

async function hasRow(pool: Pool, place: string) {
  const { rowCount } = await pool.query(`select from ${place}`);
  return rowCount === 1;
}

async function dumpDatabase(pool: Pool) {
  const tokens = await pool.query<{ hash: Buffer }>(
    'select * from refresh_tokens order by hash',
  );
  const families = await pool.query(
    'select * from refresh_families order by id',
  );
  const dump = JSON.stringify(
    [tokens.rows, families.rows],
    (_key, value) =>
      value?.type === 'Buffer'
        ? Buffer.from(value.data).toString('hex')
        : value,
  );
  return { dump, hashes: tokens.rows.map(({ hash }) => hash) };
}

/** What somebody computes who has a spent token and has read this code. */
function guessSuccessors(spent: string): string[] {
  return [
    createHash('sha256').update(spent).digest('base64url'),
    createHmac('sha256', '').update(spent).digest('base64url'),
    createHmac('sha256', spent).update(spent).digest('base64url'),
    `${spent.slice(0, -1)}${spent.endsWith('A') ? 'B' : 'A'}`,
  ];
}

function readClaims(token: string): JWTPayload {
  return JSON.parse(
    Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
  );
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function signWith(
  key: SigningKey,
  payload: JWTPayload,
  typ: string,
): Promise<string> {
  const privateKey = createPrivateKey({ key, format: 'jwk' });
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'ES256', typ, kid: key.kid })
    .sign(privateKey);
}

async function mapConcurrently<T, R>(
  items: T[],
  width: number,
  work: (item: T) => Promise<R>,
) {
  const queue = items.values();
  const results: R[] = [];
  const worker = async () => {
    for (const item of queue) results.push(await work(item));
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
