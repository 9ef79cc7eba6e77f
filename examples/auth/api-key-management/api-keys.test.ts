import { describe, expect, it } from 'vitest';
import { createApiKeys } from './api-keys.ts';
import { RULES } from './app.ts';
import type { KeyRules } from './key-rules.ts';
import { checksum, createKey, isKey } from './key-text.ts';
import { createKeyGuard } from './require-scope.ts';
import { ADA, BOB, startTestApp } from './test-app.ts';
import { createTestVerifier } from './test-verifier.ts';
import { createKeyVerifier } from './verify-keys.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const DIGITS =
  '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function readNumber(text: string): bigint {
  let value = 0n;
  for (const digit of text)
    value = value * 62n + BigInt(DIGITS.indexOf(digit));
  return value;
}

describe('a new key', () => {
  it('has 256 random bits in 43 digits of base62, and a checksum in six', () => {
    const keys = Array.from({ length: 2000 }, () => createKey('shop'));
    expect(new Set(keys).size).toBe(2000);
    let union = 0n;
    for (const key of keys) {
      expect(key).toMatch(/^shop_[0-9A-Za-z]{49}$/);
      expect(isKey(key, 'shop')).toBe(true);
      const value = readNumber(key.slice(5, 48));
      expect(value < 2n ** 256n).toBe(true);
      union |= value;
    }
    expect(union).toBe(2n ** 256n - 1n);
    // One in 61 begins with a zero, and is as long as the others.
    expect(keys.some((key) => key.startsWith('shop_0'))).toBe(true);
  });

  it('has the checksum that npm and GitHub compute', () => {
    // From secretlint's issue 200: a dummy token of npm.
    const secret = 'qkJaB6MffYVzZXWqmcoF49yrUxP3wf';
    expect(checksum(secret)).toBe('0LsakP');
    expect(checksum('')).toBe('000000');
  });

  it('is answered once, with what its owner may see, and is in no cache', async () => {
    await using app = await startTestApp();
    const scopes = ['orders:write', 'orders:read'];
    const wish = { name: 'déploiement 🚀', scopes, days: 30 };
    const { status, headers, body } = await app.create(ADA, wish);

    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    const { rows } = await app.pool.query('select id from users');
    const { key, ...listed } = body;
    expect(listed).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      name: 'déploiement 🚀',
      start: key.slice(0, 'shop_test_1234'.length),
      scopes,
      replaces: null,
      createdBy: rows[0]?.id,
      createdAt: expect.any(String),
      endsAt: expect.any(String),
      usedAt: null,
    });
    const ms = Date.parse(body.endsAt) - Date.parse(body.createdAt);
    expect(ms / DAY_MS).toBe(30);
    const list = await app.list(ADA);
    expect(list.headers.get('cache-control')).toBe('no-store');
    expect(list.body).toEqual([listed]);
  });

  it('says who made it, and for whom', async () => {
    await using app = await startTestApp();
    const { createdBy: ada } = await app.issue();
    const { createdBy: bob } = await app.issue({}, BOB);
    const keys = createApiKeys({ pool: app.pool, rules: RULES });
    const wish = { name: 'ci', scopes: ['orders:read'], days: 1 };
    const issuer = { ownerId: ada, createdBy: bob };

    const { id, key } = await keys.create(issuer, wish);

    const verified = await createTestVerifier(app).verify(key);
    expect(verified).toEqual({
      id,
      ownerId: ada,
      scopes: ['orders:read'],
    });
    const mine = await keys.list(ada);
    expect(mine.find((one) => one.id === id)?.createdBy).toBe(bob);
    const next = await keys.rotate(
      { ownerId: ada, createdBy: ada },
      id,
      { overlapSeconds: 1, days: 1 },
    );
    expect(next.createdBy).toBe(ada);
  });
});

describe('a list', () => {
  it('has the live keys of its owner, the newest first, with their last use', async () => {
    await using app = await startTestApp();
    await app.issue({ name: 'of Bob' }, BOB);
    const ids = [];
    for (const name of ['1', '2', '3', '4', '5']) {
      const { id } = await app.issue({ name });
      ids.push(id);
    }
    const [, used = '', , ended = '', revoked = ''] = ids;
    await app.shift(used, 'used_at', '-1 hour');
    await app.shift(ended, 'ends_at', '-1 second');
    await app.revoke(ADA, revoked);

    const { body } = await app.list(ADA);

    expect(body.map(({ name }) => name)).toEqual(['3', '2', '1']);
    const uses = body.map(({ usedAt }) => usedAt);
    expect(uses).toEqual([null, expect.any(String), null]);
    const ms = Date.now() - Date.parse(`${body[1]?.usedAt}`);
    expect(Math.abs(ms - 60 * 60 * 1000)).toBeLessThan(60_000);
  });
});

describe('a request for a key', () => {
  const good = { name: 'ci', scopes: ['orders:read'], days: 1 };

  it('has a name of 1 to 100 characters that Postgres can store', async () => {
    await using app = await startTestApp();
    for (const name of ['x', '🚀'.repeat(100), 'a b', "'; --"])
      expect((await app.issue({ name })).name).toBe(name);
    const { createdBy } = await app.issue();
    const keys = createApiKeys({ pool: app.pool, rules: RULES });
    const issuer = { ownerId: createdBy, createdBy };
    const bad = ['', '🚀'.repeat(101), 'a\0b', 'a\nb', '\ud800'];
    for (const name of bad)
      await expect(
        keys.create(issuer, { ...good, name }),
      ).rejects.toMatchObject({
        code: 'invalid_key_request',
        status: 400,
        message: 'The name is not 1 to 100 printable characters',
      });
  });

  it('has an end within a year, or within what the app allows', async () => {
    await using app = await startTestApp();
    const { createdBy } = await app.issue({ days: 365 });
    const bad = [0, -1, 366, 1.5, Number.NaN];
    const keys = createApiKeys({ pool: app.pool, rules: RULES });
    const issuer = { ownerId: createdBy, createdBy };
    const { id } = await keys.create(issuer, good);
    for (const days of bad) {
      const refused = {
        code: 'invalid_key_request',
        status: 400,
        message: 'days is not a whole number from 1 to 365',
      };
      await expect(
        keys.create(issuer, { ...good, days }),
      ).rejects.toMatchObject(refused);
      await expect(
        keys.rotate(issuer, id, { overlapSeconds: 1, days }),
      ).rejects.toMatchObject(refused);
    }
    const month = 30 * 24 * 60 * 60;
    for (const overlapSeconds of [0, month + 1, 0.5])
      await expect(
        keys.rotate(issuer, id, { overlapSeconds, days: 1 }),
      ).rejects.toMatchObject({
        message: `overlapSeconds is not a whole number from 1 to ${month}`,
      });
    const { pool } = app;
    const few = createApiKeys({ pool, rules: RULES, maxDays: 2 });
    expect(
      (await few.create(issuer, { ...good, days: 2 })).key,
    ).toBeTruthy();
    await expect(
      few.create(issuer, { ...good, days: 3 }),
    ).rejects.toMatchObject({ code: 'invalid_key_request' });
    // The longest overlap does not give the old key more time.
    const times = { overlapSeconds: month, days: 365 };
    const next = await keys.rotate(issuer, id, times);
    const ms = next.endsAt.getTime() - next.createdAt.getTime();
    expect(ms / DAY_MS).toBe(365);
    const [old] = (await keys.list(issuer.ownerId)).filter(
      (key) => key.id === id,
    );
    expect(Number(old?.endsAt) - Number(old?.createdAt)).toBe(DAY_MS);
  });
});

describe('retention', () => {
  it('deletes keys that ended 90 days ago, in batches, and waits for no lock', async () => {
    await using app = await startTestApp();
    const { pool } = app;
    const ids = [];
    for (let n = 0; n < 5; n++) ids.push((await app.issue()).id);
    const [kept = '', ...old] = ids;
    await app.shift(kept, 'ends_at', '-89 days -23 hours');
    for (const id of old)
      await app.shift(id, 'ends_at', '-90 days -1 hour');
    const { deleteEnded } = createApiKeys({ pool, rules: RULES });
    const client = await pool.connect();
    await client.query('begin');
    await client.query(
      'select from issued_keys where id = $1 for update',
      [old[0]],
    );

    expect(await deleteEnded(2)).toBe(2);
    expect(await deleteEnded()).toBe(1);
    expect(await deleteEnded()).toBe(0);
    await client.query('commit');
    client.release();
    expect(await deleteEnded()).toBe(1);
    expect(await app.readRow(kept)).toBeDefined();
    await pool.query(
      `insert into issued_keys (key_hash, owner_id, created_by, name,
         start, scopes, ends_at)
       select sha256(n::text::bytea), id, id, 'x', 'x', '{x}',
         now() - interval '91 days'
       from users, generate_series(1, 1100) n`,
    );
    expect(await deleteEnded()).toBe(1000);
    expect(await deleteEnded()).toBe(100);
  });
});

describe('the table', () => {
  it('refuses rows that are not keys, and has an index for each question and none that a touch changes', async () => {
    await using app = await startTestApp();
    const { id } = await app.issue();
    const bad = [
      `key_hash = '\\x00'`,
      `name = ''`,
      `name = repeat('x', 101)`,
      `start = repeat('x', 33)`,
      `scopes = '{}'`,
      'scopes = null',
      'ends_at = null',
      'created_by = null',
      'owner_id = gen_random_uuid()',
    ];
    for (const change of bad)
      await expect(
        app.pool.query(
          `update issued_keys set ${change} where id = $1`,
          [id],
        ),
        change,
      ).rejects.toThrow(/violates/);
    const other = await app.issue();
    await expect(
      app.pool.query(
        `update issued_keys
         set key_hash = (select key_hash from issued_keys where id = $1)
         where id = $2`,
        [id, other.id],
      ),
    ).rejects.toThrow(/unique/);
    const { rows } = await app.pool.query<{ columns: string }>(
      `select string_agg(attname, ' ') as columns
       from pg_index
       join pg_attribute
         on attrelid = indexrelid
       where indrelid = 'issued_keys'::regclass
       group by indexrelid`,
    );
    const indexed = rows.map(({ columns }) => columns).toSorted();
    expect(indexed).toEqual(['ends_at', 'id', 'key_hash', 'owner_id']);
    const { rows: options } = await app.pool.query(
      `select reloptions from pg_class where relname = 'issued_keys'`,
    );
    expect(options).toEqual([{ reloptions: ['fillfactor=80'] }]);
  });

  it('finds a key by its hash in an index', async () => {
    await using app = await startTestApp();
    const { key } = await app.issue();
    const { rows } = await app.pool.query(
      `insert into issued_keys (key_hash, owner_id, created_by, name,
         start, scopes, ends_at)
       select sha256(n::text::bytea), id, id, 'x', 'x', '{x}', now()
       from users, generate_series(1, 5000) n
       returning id`,
    );
    expect(rows).toHaveLength(5000);
    await app.pool.query('analyze issued_keys');
    const { rows: plan } = await app.pool.query(
      `explain select id from issued_keys where key_hash = '\\x00'`,
    );
    expect(JSON.stringify(plan)).toContain('issued_keys_key_hash_key');
    expect((await app.use(key)).status).toBe(200);
  });
});

describe('the options', () => {
  it('are refused when they give more, or find less, than they seem to', async () => {
    await using app = await startTestApp();
    const { pool, log } = app;
    const scopes = RULES.scopes;
    const prefixes = [
      '',
      'Shop',
      'shop_',
      '_shop',
      'sh op',
      'shop__x',
      'shop-live',
      'shop1',
      'x'.repeat(21),
    ];
    for (const prefix of prefixes)
      expect(() =>
        createApiKeys({ pool, rules: { prefix, scopes } }),
      ).toThrow('the prefix is not like shop_live');
    for (const prefix of ['s', 'x'.repeat(20), 'shop_live_eu'])
      createApiKeys({ pool, rules: { prefix, scopes } });
    for (const scope of ['*', 'orders:*', '', 'a b', 'a"b', ':a', 'a:'])
      for (const create of [
        (rules: KeyRules) => createApiKeys({ pool, rules }),
        (rules: KeyRules) => createKeyVerifier({ pool, rules, log }),
        (rules: KeyRules) =>
          createKeyGuard({ verify: async () => none, rules, log }),
      ])
        expect(() =>
          Reflect.apply(create, undefined, [
            { prefix: 'shop', scopes: ['orders', 'a:b:c', scope] },
          ]),
        ).toThrow(`the scope ${scope} is not like orders:read`);
    for (const touchSeconds of [0, -1, 1.5, Number.NaN])
      expect(() =>
        createKeyVerifier({ pool, rules: RULES, log, touchSeconds }),
      ).toThrow('touchSeconds is not a whole number from 1');
    createKeyVerifier({ pool, rules: RULES, log, touchSeconds: 1 });
    for (const most of [0, 0.5, Number.NaN, Infinity])
      for (const name of ['maxKeys', 'maxDays'])
        expect(() =>
          createApiKeys({ pool, rules: RULES, [name]: most }),
        ).toThrow('maxKeys or maxDays is not a number from 1');
    createApiKeys({ pool, rules: RULES, maxKeys: 1, maxDays: 1 });
  });
});

const none = { id: '', ownerId: '', scopes: [] };
