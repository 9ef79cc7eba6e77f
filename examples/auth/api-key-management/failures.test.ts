import { once } from 'node:events';
import {
  type IncomingHttpHeaders,
  IncomingMessage,
  ServerResponse,
} from 'node:http';
import {
  connect as connectHttp2,
  createServer as createHttp2Server,
} from 'node:http2';
import { connect, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import pg from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createApiKeys } from './api-keys.ts';
import { RULES } from './app.ts';
import type { KeyRules } from './key-rules.ts';
import { checksum, createKey, hashKey, isKey } from './key-text.ts';
import { createKeyGuard } from './require-scope.ts';
import { ADA, BOB, startTestApp } from './test-app.ts';
import { createTestVerifier } from './test-verifier.ts';
import { createKeyVerifier } from './verify-keys.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const invalid = { status: 401, body: { code: 'invalid_api_key' } };
const mistyped = { status: 401, body: { code: 'mistyped_api_key' } };
const missing = { status: 401, body: { code: 'missing_api_key' } };
const notFound = {
  status: 404,
  body: {
    code: 'api_key_not_found',
    detail: 'You have no such key, or it has ended',
  },
};

/** All statements that any connection of this process sends. */
function watchQueries() {
  const spy = vi.spyOn(pg.Client.prototype, 'query');
  onTestFinished(() => spy.mockRestore());
  return spy.mock.calls;
}

failure(
  'Somebody reads the database, a backup of it or its log',
  {
    symptom: 'SHA-256 hashes, and none of them is accepted as a key',
    defence: 'is-key',
    remains:
      'An attacker who can write to the table can add a key of their own',
  },
  async () => {
    await using app = await startTestApp();
    const calls = watchQueries();
    const { id, key } = await app.issue();
    expect((await app.use(key)).status).toBe(200);
    const row = await app.readRow(id);

    expect(row?.key_hash).toEqual(hashKey(key));
    const secret = key.slice('shop_test_1234'.length);
    expect(inspect(row)).not.toContain(secret);
    expect(calls.length).toBeGreaterThan(3);
    expect(inspect(calls, { depth: 4 })).not.toContain(secret);
    const hash = hashKey(key);
    for (const text of [hash.toString('hex'), hash.toString('base64')])
      expect(await app.use(text)).toMatchObject(mistyped);
  },
);

failure(
  'A key is cut off, mistyped or in capitals, or it is a megabyte of noise',
  {
    symptom: '401 `mistyped_api_key`, and no query',
    defence: 'is-key',
    remains:
      'Anybody can compute the checksum: a forged key costs a query, and gets 401 too',
  },
  async () => {
    await using app = await startTestApp();
    const { key } = await app.issue();
    const { verify } = createTestVerifier(app);
    const calls = watchQueries();
    const bad = [
      '',
      key.toUpperCase(),
      key.toLowerCase(),
      ...Array.from(key, (_, length) => key.slice(0, length)),
      ...Array.from(key, (_, at) => key.slice(at + 1)),
      // Two neighbours in the wrong order, as fingers do.
      ...Array.from(key, (_, at) => swap(key, at)),
      `${key}0`,
      `${key}\n`,
      `${key}\0`,
      `${key} `,
      key.replace('_test_', '_live_'),
      createKey('shop_live'),
      `x${key}`,
      key.replace(/_(.)/, '_$1\0'),
      key.padEnd(1_000_000, 'x'),
      `shop_test_${'x'.repeat(1_000_000)}`,
      // With a right checksum, which anybody can compute.
      ...['', 'x'.repeat(42), 'x'.repeat(44), 'x'.repeat(1_000_000)]
        .concat([`-${'x'.repeat(43)}`, `${'x'.repeat(43)}-`])
        .concat([`-${'x'.repeat(42)}`, `\0${'x'.repeat(42)}`])
        .map((secret) => `shop_test_${secret}${checksum(secret)}`),
    ];
    for (const text of bad) {
      if (text === key) continue; // two equal neighbours
      await expect(verify(text), text).rejects.toMatchObject({
        code: 'mistyped_api_key',
        status: 401,
      });
    }
    expect(calls).toEqual([]);
    const answer = await app.use(key.slice(0, -1));
    expect(answer).toMatchObject({
      ...mistyped,
      body: {
        detail:
          'The key is cut off, mistyped or for another environment',
      },
    });
    expect(answer.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token"',
    );
    expect(calls).toEqual([]);
    // Node itself refuses headers over 16 KB.
    expect((await fetchWith('x'.repeat(20_000))).status).toBe(431);
    expect((await app.use(key)).status).toBe(200);

    function swap(text: string, at: number) {
      const [a = '', b = ''] = text.slice(at, at + 2);
      return text.slice(0, at) + b + a + text.slice(at + 2);
    }
    function fetchWith(token: string) {
      const headers = { authorization: `Bearer ${token}` };
      return fetch(`${app.url}/orders`, { headers });
    }
  },
);

failure(
  'A key leaks, and its owner revokes it',
  {
    symptom:
      '401 `invalid_api_key` at the next request, at each instance; each further use is in the log with the id of the key',
    defence: 'revoke',
    remains: 'A request that is already verified is answered',
  },
  async () => {
    await using app = await startTestApp();
    const { id, key } = await app.issue();
    const other = await app.issue();
    for (const instance of [app, app.there])
      expect((await instance.use(key)).status).toBe(200);
    await waitUntil('its use is written', async () => {
      return (await app.readRow(id))?.used_at !== null;
    });

    expect((await app.revoke(ADA, id)).status).toBe(204);

    for (const instance of [app.there, app]) {
      const answer = await instance.use(key);
      expect(answer).toMatchObject({
        ...invalid,
        body: { detail: 'The key is unknown or no longer active' },
      });
      expect(answer.headers.get('www-authenticate')).toBe(
        'Bearer error="invalid_token"',
      );
    }
    const entry = {
      level: 'warn',
      message: 'inactive api key was used',
      details: { keyId: id },
    };
    expect(app.log.entries).toEqual([entry, entry]);
    expect((await app.use(other.key)).status).toBe(200);
    // Again: the time of the first revocation stays.
    const before = await app.readRow(id);
    expect(before?.revoked_at).toBeInstanceOf(Date);
    expect((await app.revoke(ADA, id)).status).toBe(204);
    expect(await app.readRow(id)).toEqual(before);
    // A key that nobody issued is the same answer, and no entry.
    const unknown = await app.use(createKey(RULES.prefix));
    expect(unknown).toMatchObject(invalid);
    expect(app.log.entries).toHaveLength(2);
  },
);

it('finds all keys by one pattern, and ends a leaked one and says whose it is', async () => {
  await using app = await startTestApp();
  const { id, key } = await app.issue();
  const other = await app.issue();
  const file = `const shop = new Shop({key:"${key}"}); // sha 0f${'a'.repeat(60)}`;

  const [found = ''] = file.match(/shop_test_[0-9A-Za-z]{49}/g) ?? [];

  expect(found).toBe(key);
  const keys = createApiKeys({ pool: app.pool, rules: RULES });
  const ownerId = other.createdBy;
  expect(await keys.revokeLeaked(found)).toEqual({ id, ownerId });
  expect(await app.use(key)).toMatchObject(invalid);
  expect((await app.use(other.key)).status).toBe(200);
  const before = await app.readRow(id);
  expect(await keys.revokeLeaked(found)).toEqual({ id, ownerId });
  expect(await app.readRow(id)).toEqual(before);
  // A key that has ended, too: its owner should know.
  await app.shift(other.id, 'ends_at', '-1 second');
  const ended = await keys.revokeLeaked(other.key);
  expect(ended).toEqual({ id: other.id, ownerId });
  expect((await app.readRow(other.id))?.revoked_at).toBeTruthy();
  const unknown = createKey(RULES.prefix);
  expect(await keys.revokeLeaked(unknown)).toBeUndefined();
});

failure(
  'A busy key would write its last use at each request',
  {
    symptom:
      'One write for each key in five minutes, and one statement in a second for all keys, which changes no index',
    defence: 'touch',
    remains:
      'The last use is up to five minutes too old; a kill -9 loses those of a second',
  },
  async () => {
    await using app = await startTestApp();
    const { id, key, usedAt } = await app.issue();
    expect(usedAt).toBeNull();
    const gate = Promise.withResolvers<void>();
    const first = createTestVerifier({
      ...app,
      gate: () => gate.promise,
    });
    const second = createTestVerifier({
      ...app,
      gate: () => gate.promise,
    });

    const requests = [first, second].flatMap(({ verify }) =>
      Array.from({ length: 50 }, () => verify(key)),
    );
    await Promise.all(requests); // none waits for the write
    const writing = [first.write(), second.write()];
    gate.resolve();
    const written = await Promise.all(writing);

    expect(written.map(({ ids }) => ids)).toEqual([[id], [id]]);
    const counts = written.map(({ rowCount }) => rowCount);
    expect(counts.toSorted()).toEqual([0, 1]);
    const row = await readVersion();
    for (let request = 0; request < 20; request++)
      await first.verify(key);
    expect(await first.write()).toEqual({ ids: [], rowCount: 0 });
    expect(await readVersion()).toEqual(row);
    // It is due after 300 seconds, or after those that the app says.
    expect(await useAfter('-295 seconds', first)).toEqual([]);
    expect(await useAfter('-300 seconds', first)).toEqual([id]);
    const exact = createTestVerifier({ ...app, touchSeconds: 60 });
    expect(await useAfter('-55 seconds', exact)).toEqual([]);
    expect(await useAfter('-60 seconds', exact)).toEqual([id]);
    // The clock of Postgres was an hour ahead, and was put right.
    expect(await useAfter('1 hour', first)).toEqual([id]);
    await readVersion();
    expect(app.log.entries).toEqual([]);

    async function useAfter(
      usedAt: string,
      { verify, write }: typeof first,
    ) {
      await app.shift(id, 'used_at', usedAt);
      await verify(key);
      const { ids, rowCount } = await write();
      expect([ids].flat()).toHaveLength(Number(rowCount));
      return ids;
    }
    async function readVersion() {
      const { rows } = await app.pool.query(
        `select xmin, used_at from issued_keys
         where id = $1
           and used_at between now() - interval '1 minute' and now()`,
        [id],
      );
      expect(rows).toHaveLength(1);
      return rows;
    }
  },
);

it('writes the last use of each of 200 keys that are used once, at once', async () => {
  await using app = await startTestApp();
  const { createdBy } = await app.issue();
  const unused = await app.issue({}, BOB);
  const { pool } = app;
  const keys = createApiKeys({ pool, rules: RULES, maxKeys: 201 });
  const issuer = { ownerId: createdBy, createdBy };
  const wish = { name: 'nightly', scopes: ['orders:read'], days: 1 };
  const issued = [];
  for (let n = 0; n < 200; n++)
    issued.push(await keys.create(issuer, wish));
  const { verify, touches } = createTestVerifier(app);

  await Promise.all(issued.map(({ key }) => verify(key)));

  await waitUntil('the uses are written', () => touches.length > 0);
  expect(await touches[0]?.done).toMatchObject({ rowCount: 200 });
  expect((await app.readRow(unused.id))?.used_at).toBeNull();
});

it('writes one statement at a time, a second after a use and a minute after a failure', async () => {
  await using app = await startTestApp();
  const keys = [];
  for (let n = 0; n < 4; n++) keys.push(await app.issue());
  const ids = keys.map(({ id }) => id);
  const [a = '', b = '', c = '', d = ''] = keys.map(({ key }) => key);
  const gate = Promise.withResolvers<void>();
  const broken = new Error('no connection');
  let failing: Promise<void> = gate.promise;
  const options = { ...app, gate: () => failing };
  const { verify, flush, touches } = createTestVerifier(options);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());

  await verify(a);
  vi.advanceTimersByTime(999);
  expect(touches).toHaveLength(0);
  vi.advanceTimersByTime(1);
  expect(touches.map((touch) => touch.ids)).toEqual([[ids[0]]]);
  // One is under way: the next waits for it.
  await verify(b);
  vi.advanceTimersByTime(60_000);
  expect(touches).toHaveLength(1);
  gate.reject(broken);
  await waitUntil('it is logged', () => app.log.entries.length > 0);
  expect(app.log.entries).toEqual([
    {
      level: 'warn',
      message: 'last uses not written',
      details: { keys: 1, reason: 'Error: no connection' },
    },
  ]);
  failing = Promise.resolve();
  await verify(c);
  vi.advanceTimersByTime(59_999);
  expect(touches).toHaveLength(1);
  // What failed, and what came meanwhile, needs no other request.
  vi.advanceTimersByTime(1);
  expect(touches[1]?.ids).toEqual(ids.slice(0, 3));
  expect(await touches[1]?.done).toMatchObject({ rowCount: 3 });
  await verify(d);
  await flush();
  expect(touches[2]?.ids).toEqual([ids[3]]);
  // No timer is left: the pool may end.
  vi.advanceTimersByTime(60_000);
  expect(touches).toHaveLength(3);
  expect(app.log.entries).toHaveLength(1);
});

it('answers when the row of the key is locked or its last use cannot be written or logged', async () => {
  await using app = await startTestApp();
  const { id, key } = await app.issue();
  const verifier = createTestVerifier(app);
  const client = await app.pool.connect();
  await client.query('begin');
  await client.query(
    'select from issued_keys where id = $1 for update',
    [id],
  );

  expect(await verifier.verify(key)).toMatchObject({ id });
  // It skips the row, and the next request writes it.
  expect(await verifier.write()).toEqual({ ids: [id], rowCount: 0 });
  await client.query('commit');
  client.release();
  expect((await app.readRow(id))?.used_at).toBeNull();

  const gate = Promise.reject(new Error('no connection'));
  gate.catch(() => {}); // rejected before anything waits for it
  const warn = vi.fn(() => {
    throw new Error('the log is full');
  });
  const broken = createTestVerifier({
    ...app,
    gate: () => gate,
    log: { warn },
  });
  expect(await broken.verify(key)).toMatchObject({ id });
  // An unhandled rejection would fail this test.
  await waitUntil('it is tried', () => warn.mock.calls.length > 0);
  expect(await broken.verify(key)).toMatchObject({ id });
  await verifier.verify(key);
  expect(await verifier.write()).toEqual({ ids: [id], rowCount: 1 });
  expect((await app.readRow(id))?.used_at).toBeInstanceOf(Date);
});

it('keeps no more than 10,000 last uses when they cannot be written', async () => {
  // A Postgres that would take 10,001 rows and many seconds to fill.
  let keys = 0;
  const writes: unknown[] = [];
  async function query(statement: string, [ids]: unknown[]) {
    keys += 1;
    const isWrite = statement.startsWith('update');
    if (isWrite) writes.push(ids);
    const found = { id: `${keys}`, isLive: true, isDue: true };
    return { rows: isWrite ? [] : [found] };
  }
  const log = { warn: () => {} };
  const verifier = Reflect.apply(createKeyVerifier, undefined, [
    { pool: { query }, rules: RULES, log },
  ]);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());

  const key = createKey(RULES.prefix);
  for (let n = 0; n <= 10_000; n++) await verifier.verify(key);
  await verifier.flush();
  await verifier.flush();

  expect(writes).toEqual([expect.any(Array), []]);
  expect(writes[0]).toHaveLength(10_000);
});

failure(
  'A key is replaced while many clients have the old one',
  {
    symptom:
      'Both are accepted for the overlap, a week by default; then the old one gets 401',
    defence: 'rotate',
    remains: 'A client that is forgotten fails then: look at `usedAt`',
  },
  async () => {
    await using app = await startTestApp();
    const scopes = ['orders:write', 'orders:read'];
    const old = await app.issue({ name: 'deploy', scopes });
    const other = await app.issue();
    const before = await app.readRow(other.id);

    const { status, headers, body } = await app.rotate(ADA, old.id);

    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toMatchObject({
      name: 'deploy',
      scopes: scopes.toSorted(),
      replaces: old.id,
      usedAt: null,
    });
    expect(body.key).not.toBe(old.key);
    for (const { key } of [old, body])
      expect((await app.there.use(key)).status).toBe(200);
    const ends = (await app.list(ADA)).body.map((key) => {
      const days = daysBetween(body.createdAt, key.endsAt);
      return [key.id, days];
    });
    expect(ends[0]).toEqual([body.id, 90]);
    expect(ends).toContainEqual([old.id, 7]);
    expect(await app.readRow(other.id)).toEqual(before);
    await app.shift(old.id, 'ends_at', '-1 second');
    expect(await app.use(old.key)).toMatchObject(invalid);
    expect((await app.use(body.key)).status).toBe(200);
    // An end that comes sooner than the overlap stays.
    await app.shift(body.id, 'ends_at', '1 hour');
    const end = (await app.readRow(body.id))?.ends_at;
    expect((await app.rotate(ADA, body.id)).status).toBe(201);
    expect((await app.readRow(body.id))?.ends_at).toEqual(end);
  },
);

it('replaces no key whose revocation is under way', async () => {
  await using app = await startTestApp();
  const { id, createdBy } = await app.issue();
  const keys = createApiKeys({ pool: app.pool, rules: RULES });
  const client = await app.watcher.connect();
  await client.query('begin');
  await client.query(
    'update issued_keys set revoked_at = now() where id = $1',
    [id],
  );
  const issuer = { ownerId: createdBy, createdBy };
  const rotating = keys.rotate(issuer, id, WEEK);
  const refused = expect(rotating).rejects.toMatchObject({
    code: 'api_key_not_found',
  });
  await untilWaiting(app.watcher, 1);
  await client.query('commit');
  client.release();

  await refused;
  expect(await keys.list(createdBy)).toEqual([]);
});

it('gives a new key no scope that the app has no more', async () => {
  await using app = await startTestApp();
  const { pool } = app;
  const { id, createdBy } = await app.issue({
    scopes: ['orders:write', 'orders:read'],
  });
  const issuer = { ownerId: createdBy, createdBy };
  const prefix = RULES.prefix;

  const rules = { prefix, scopes: ['orders:read', 'invoices:read'] };
  const later = createApiKeys({ pool, rules });
  const next = await later.rotate(issuer, id, WEEK);
  expect(next.scopes).toEqual(['orders:read']);
  await later.revoke(createdBy, id);
  const none = { prefix, scopes: ['invoices:read'] };
  await expect(
    createApiKeys({ pool, rules: none }).rotate(issuer, next.id, WEEK),
  ).rejects.toMatchObject({ code: 'invalid_key_request' });
  const [left, ...others] = await later.list(createdBy);
  expect(others).toEqual([]);
  expect(left).toMatchObject({ id: next.id, endsAt: next.endsAt });
});

const WEEK = { overlapSeconds: 7 * 24 * 60 * 60, days: 90 };

function isRejected(
  outcome: PromiseSettledResult<unknown>,
): outcome is PromiseRejectedResult {
  return outcome.status === 'rejected';
}

/** All that lock an owner's row wait, until it is unlocked. */
function lockOwner({ watcher }: { watcher: pg.Pool }) {
  return lockTable(watcher, 'users', 'exclusive');
}

function daysBetween(from: string, to: string): number {
  const ms = Date.parse(to) - Date.parse(from);
  return ms / DAY_MS;
}

it('makes one new key of two rotations at once, and none while both keys live', async () => {
  await using app = await startTestApp();
  const old = await app.issue();
  const unrelated = await app.issue();
  const keys = createApiKeys({ pool: app.pool, rules: RULES });
  const ownerId = old.createdBy;
  const { unlock } = await lockOwner(app);
  const both = [1, 2].map(() =>
    keys.rotate({ ownerId, createdBy: ownerId }, old.id, WEEK),
  );
  await untilWaiting(app.watcher, 2);
  await unlock();

  const outcomes = await Promise.allSettled(both);
  const refused = outcomes.filter(isRejected);
  expect(refused.map(({ reason }) => reason)).toMatchObject([
    {
      code: 'rotation_under_way',
      status: 409,
      message: 'The key is being replaced: revoke one of the two first',
    },
  ]);
  const { body } = await app.list(ADA);
  const next = body.find(({ replaces }) => replaces === old.id);
  const nextId = `${next?.id}`;
  // Its predecessor lives: a third would be one too many.
  expect((await app.rotate(ADA, nextId)).status).toBe(409);
  expect((await app.rotate(ADA, unrelated.id)).status).toBe(201);

  // The answer was lost: the new key goes, the old one stays.
  await app.revoke(ADA, nextId);
  const again = await app.rotate(ADA, old.id);
  expect(again.status).toBe(201);
  expect((await app.use(old.key)).status).toBe(200);
  await app.revoke(ADA, old.id);
  expect((await app.rotate(ADA, again.body.id)).status).toBe(201);
  expect(await app.rotate(ADA, old.id)).toMatchObject(notFound);
});

failure(
  'A script creates keys in parallel, over the limit',
  {
    symptom: '20 keys, and 409 `too_many_api_keys` for the rest',
    defence: 'create',
    remains:
      'Rotations may double the 20, and each key stays for 90 days after its end: limit the rate of requests for keys',
  },
  async () => {
    await using app = await startTestApp();
    await app.issue({}, BOB);
    const ended = await app.issue();
    const revoked = await app.issue();
    await app.shift(ended.id, 'ends_at', '-1 second');
    await app.revoke(ADA, revoked.id);
    const { unlock } = await lockOwner(app);

    const keys = createApiKeys({ pool: app.pool, rules: RULES });
    const createdBy = `${ended.createdBy}`;
    const wish = { name: 'ci', scopes: ['orders:read'], days: 1 };
    const issuer = { ownerId: createdBy, createdBy };
    const all = Array.from({ length: 25 }, async () => {
      try {
        return (await keys.create(issuer, wish)).key;
      } catch (error) {
        expect(error).toMatchObject({
          code: 'too_many_api_keys',
          status: 409,
          message: 'Revoke a key before you create another',
        });
        return 'refused';
      }
    });
    await untilWaiting(app.watcher, 5);
    await unlock();

    const created = (await Promise.all(all)).filter(
      (key) => key !== 'refused',
    );
    expect(created).toHaveLength(20);
    expect((await app.list(ADA)).body).toHaveLength(20);
    expect((await app.create(ADA)).status).toBe(409);
    // The app may say another limit.
    const { pool } = app;
    const few = createApiKeys({ pool, rules: RULES, maxKeys: 2 });
    const carl = { ownerId: await app.login('carl@example.com') };
    const one = { ...carl, createdBy: carl.ownerId };
    for (let n = 1; n <= 2; n++) await few.create(one, wish);
    await expect(few.create(one, wish)).rejects.toMatchObject({
      code: 'too_many_api_keys',
    });
    // At the limit, keys can be replaced: 40 is the most that live.
    const [key] = (await app.list(ADA)).body;
    expect((await app.rotate(ADA, `${key?.id}`)).status).toBe(201);
    expect((await app.create(BOB)).status).toBe(201);
  },
);

failure(
  'A scope is added to the API, or somebody asks for *',
  {
    symptom:
      '403 `missing_scope` for all keys that exist; 400 for a scope that does not exist',
    defence: 'require-request',
    remains:
      'A name that is removed and used again comes back to life in old keys',
  },
  async () => {
    await using app = await startTestApp();
    const { key, id } = await app.issue({ scopes: [...RULES.scopes] });
    const bad = [
      ['*'],
      ['orders:*'],
      ['orders'],
      ['Orders:read'],
      ['orders:read', '*'],
      ['orders:read', 'orders:read'],
      ['orders:read '],
      [''],
      [],
    ];
    for (const scopes of bad)
      expect(await app.create(ADA, { scopes })).toMatchObject({
        status: 400,
        body: {
          code: 'invalid_key_request',
          detail:
            'The scopes are not some of: orders:read orders:write',
        },
      });

    const rules = {
      prefix: RULES.prefix,
      scopes: [...RULES.scopes, 'orders:delete'],
    };
    const { verify } = createTestVerifier(app);
    const guard = createKeyGuard({ verify, rules, log: app.log });
    const later = guard.requireScope('orders:delete');
    const made = request({ authorization: `Bearer ${key}` });
    const refused = await pass(later, made);
    expect(refused.arguments).toMatchObject([
      {
        name: 'ApiKeyError',
        code: 'missing_scope',
        status: 403,
        message: 'The key lacks a scope',
        headers: {
          'www-authenticate':
            'Bearer error="insufficient_scope", scope="orders:delete"',
        },
      },
    ]);
    // A handler that runs in spite of it has no key.
    expect(() => guard.keyOf(made)).toThrow('no requireScope');
    expect(app.log.entries).toEqual([
      {
        level: 'warn',
        message: 'api key lacks a scope',
        details: { keyId: id, scope: 'orders:delete' },
      },
    ]);
    const passed = await pass(guard.requireScope('orders:write'), made);
    expect(passed.arguments).toEqual([]);
    expect(guard.keyOf(made)).toMatchObject({ id });
  },
);

type Guard = ReturnType<
  ReturnType<typeof createKeyGuard>['requireScope']
>;

/** A request with `headers` alone, as serverless adapters make it. */
function request(headers: IncomingHttpHeaders) {
  const made = new IncomingMessage(new Socket());
  made.headers = headers;
  return made;
}

/** Sends a request through the guard alone: what it hands on, and what its answer has. */
async function pass(guard: Guard, made: IncomingMessage) {
  const response = new ServerResponse(made);
  const next = vi.fn<(error?: unknown) => void>();
  await guard(made, response, next);
  expect(next).toHaveBeenCalledOnce();
  const cache = response.getHeader('cache-control');
  return { arguments: next.mock.calls[0], cache };
}

failure(
  'A route is added, and nobody thinks of its scope',
  {
    symptom:
      '500 and nothing of the owner: without `requireScope` a handler has no key',
    defence: 'require-scope',
    remains:
      'A handler that does not ask for the key is public: review it',
  },
  async () => {
    await using app = await startTestApp();
    const { key } = await app.issue();
    const { verify } = createTestVerifier(app);
    const guard = createKeyGuard({
      verify,
      rules: RULES,
      log: app.log,
    });
    const made = request({ authorization: `Bearer ${key}` });

    expect(() => guard.keyOf(made)).toThrow(
      'this route has no requireScope',
    );
    const headers = { authorization: `Bearer ${key}` };
    const write = await app.send('POST', '/orders', { headers });
    expect(write).toMatchObject({
      status: 403,
      body: { code: 'missing_scope' },
    });
    const misspelt = ['orders:read', 'orders:raed'].at(1);
    expect(() =>
      Reflect.apply(guard.requireScope, undefined, [misspelt]),
    ).toThrow('there is no scope orders:raed');
    const answer = await app.use(key);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  },
);

it('hands each error to next, and knows whose request it is', async () => {
  await using app = await startTestApp();
  const ada = await app.issue();
  const bob = await app.issue({}, BOB);
  const { log } = app;
  const { verify } = createTestVerifier(app);
  const guard = createKeyGuard({ verify, rules: RULES, log });
  const read = guard.requireScope('orders:read');
  const requests = [ada, bob].map(({ key }) =>
    request({ authorization: `Bearer ${key}` }),
  );
  const outcomes = [];
  for (const made of requests) outcomes.push(await pass(read, made));
  const good = { arguments: [], cache: 'no-store' };
  expect(outcomes).toEqual([good, good]);
  expect(requests.map((made) => guard.keyOf(made).id)).toEqual([
    ada.id,
    bob.id,
  ]);

  // Express 4 would end the process at a rejection.
  const refused = await pass(read, request({}));
  expect(refused.arguments).toMatchObject([
    { code: 'missing_api_key' },
  ]);
  expect(refused.cache).toBe('no-store');
  const broken = createKeyGuard({
    verify: () => Promise.reject(new Error('Postgres does not answer')),
    rules: RULES,
    log,
  });
  const away = await pass(
    broken.requireScope('orders:read'),
    request({ authorization: `Bearer ${ada.key}` }),
  );
  expect(away.arguments).toEqual([
    new Error('Postgres does not answer'),
  ]);
});

it('reads the header of a request over HTTP/2', async () => {
  await using app = await startTestApp();
  const { key, id } = await app.issue();
  const { verify } = createTestVerifier(app);
  const guard = createKeyGuard({ verify, rules: RULES, log: app.log });
  const read = guard.requireScope('orders:read');
  const server = createHttp2Server((made, response) => {
    const next = (error?: unknown) =>
      response.end(
        error
          ? `${error}`
          : Reflect.apply(guard.keyOf, undefined, [made]).id,
      );
    Reflect.apply(read, undefined, [made, response, next]);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  onTestFinished(() => void session.close());

  const stream = session.request({ authorization: `Bearer ${key}` });
  const [headers] = await once(stream, 'response');
  expect(headers['cache-control']).toBe('no-store');
  expect(await text(stream)).toBe(id);
});

it('lets go of a request that is answered', async () => {
  const verify = async () => ({ ...none, scopes: ['orders:read'] });
  const log = { warn: () => {} };
  const guard = createKeyGuard({ verify, rules: RULES, log });
  const read = guard.requireScope('orders:read');
  async function passOne() {
    const made = request({ authorization: 'Bearer x' });
    await read(made, new ServerResponse(made), () => {});
    expect(guard.keyOf(made)).toBeDefined();
    return new WeakRef(made);
  }
  const gone = await passOne();
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  await new Promise(setImmediate); // deref() keeps it until then
  collect();
  expect(gone.deref()).toBeUndefined();
  expect(guard.keyOf).toBeTypeOf('function'); // it lives on
});

failure(
  'A client sends its key in the URL',
  {
    symptom:
      '401 `missing_api_key`: it is not read there, and the app does not log it',
    defence: 'read-key',
    remains: 'The key is in the logs of proxies by then: revoke it',
  },
  async () => {
    await using app = await startTestApp();
    const { key } = await app.issue();
    const names = ['api_key', 'access_token', 'key', 'authorization'];
    for (const name of names) {
      const answer = await app.send('GET', `/orders?${name}=${key}`);
      expect(answer).toMatchObject({
        ...missing,
        body: {
          detail: 'Send your key in the header Authorization: Bearer',
        },
      });
      expect(answer.headers.get('www-authenticate')).toBe(
        'Bearer realm="api"',
      );
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    const headers = { 'x-api-key': key, cookie: `api_key=${key}` };
    const answer = await app.send('GET', '/orders', { headers });
    expect(answer).toMatchObject(missing);
    expect(app.log.entries).toEqual([]);
  },
);

it('reads one key of one header, with Bearer in any case (RFC 9110 §11.1)', async () => {
  await using app = await startTestApp();
  const { key } = await app.issue();
  const cases: [string[], string][] = [
    [[`bearer ${key}`], '200'],
    [[`BEARER   ${key}`], '200'],
    // Of two headers, Node takes the first.
    [[`Bearer ${key}`, 'Bearer x'], '200'],
    [['Basic eDp5', `Bearer ${key}`], '401'],
    [[`Bearer ${key} ${key}`], '401'],
    [[`Bearer ${key}, Bearer ${key}`], '401'],
    [[`Bearer ${key},${key}`], '401'],
    [[`Bearer${key}`], '401'],
    [[`Bearer\t${key}`], '401'],
    [[`xBearer ${key}`], '401'],
    [[`Basic ${key}`], '401'],
    [[key], '401'],
    [['Bearer'], '401'],
    [[''], '401'],
    [[], '401'],
  ];
  for (const [lines, status] of cases)
    expect(await sendRaw(lines), `${lines}`).toContain(
      `HTTP/1.1 ${status} `,
    );
  const two = await sendRaw([`Bearer ${key},${key}`]);
  expect(two).toContain('mistyped_api_key');
  // Node refuses bytes that no header may have.
  expect(await sendRaw([`Bearer ${key}\0`])).toContain(' 400 ');

  async function sendRaw(values: string[]): Promise<string> {
    const { port, hostname } = new URL(app.url);
    const socket = connect(Number(port), hostname);
    const lines = values.map((value) => `Authorization: ${value}`);
    const head = ['GET /orders HTTP/1.1', 'Host: x', ...lines];
    socket.write(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n`);
    let text = '';
    socket.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    await once(socket, 'close');
    return text;
  }
});

failure(
  'The owner of a key is deleted or suspended',
  {
    symptom: '401 at the next request; 403 for new keys',
    defence: 'verify',
    remains:
      'A key does not end when the person who created it leaves: revoke those of the list with their `createdBy`',
  },
  async () => {
    await using app = await startTestApp();
    const ada = await app.issue();
    const bob = await app.issue({}, BOB);
    await app.pool.query(
      'update users set suspended_at = now() where email = $1',
      [ADA],
    );
    expect(await app.use(ada.key)).toMatchObject(invalid);
    const inactive = {
      status: 403,
      body: {
        code: 'owner_not_active',
        detail: 'The owner of the key is not active',
      },
    };
    expect(await app.create(ADA)).toMatchObject(inactive);
    expect(await app.rotate(ADA, ada.id)).toMatchObject(inactive);
    expect((await app.use(bob.key)).status).toBe(200);
    // A mark is a mark, whatever the clock says.
    await app.pool.query(
      `update users set suspended_at = now() + interval '1 hour'
       where email = $1`,
      [ADA],
    );
    expect(await app.use(ada.key)).toMatchObject(invalid);
    expect(await app.create(ADA)).toMatchObject(inactive);
    await app.pool.query('update users set suspended_at = null');
    expect((await app.use(ada.key)).status).toBe(200);

    await app.pool.query('delete from users where email = $1', [BOB]);
    expect(await app.use(bob.key)).toMatchObject(invalid);
    expect(await app.readRow(bob.id)).toBeUndefined();
    const keys = createApiKeys({ pool: app.pool, rules: RULES });
    const ownerId = bob.createdBy;
    const issuer = { ownerId, createdBy: ada.createdBy };
    const wish = { name: 'ci', scopes: ['orders:read'], days: 1 };
    await expect(keys.create(issuer, wish)).rejects.toMatchObject({
      code: 'owner_not_active',
    });
  },
);

it('trusts the clock of Postgres, and not that of an app server', async () => {
  await using app = await startTestApp();
  const { id, key } = await app.issue({ days: 1 });
  const ended = await app.issue();
  await app.shift(ended.id, 'ends_at', '-1 second');
  await app.shift(id, 'ends_at', '5 minutes');
  for (const now of ['2000-01-01', '2100-01-01']) {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(now) });
    onTestFinished(() => void vi.useRealTimers());
    expect((await app.use(key)).status).toBe(200);
    expect(await app.use(ended.key)).toMatchObject(invalid);
  }
  vi.useRealTimers();
  // A revocation in the future is one: the clock was put back.
  await app.shift(ended.id, 'ends_at', '1 hour');
  await app.shift(ended.id, 'revoked_at', '1 hour');
  expect(await app.use(ended.key)).toMatchObject(invalid);
  expect((await app.list(ADA)).body).toHaveLength(1);

  // While a request waits for its turn, time passes.
  const rules = RULES;
  const keys = createApiKeys({ pool: app.pool, rules, maxKeys: 1 });
  const { unlock } = await lockOwner(app);
  const ownerId = ended.createdBy;
  const creating = keys.create(
    { ownerId, createdBy: ownerId },
    { name: 'ci', scopes: ['orders:read'], days: 1 },
  );
  await untilWaiting(app.watcher, 1);
  await app.shift(id, 'ends_at', '0 seconds');
  await unlock();
  expect((await creating).name).toBe('ci');
});

it('gives the same 404 for the key of another user and for none', async () => {
  await using app = await startTestApp();
  const { id, key } = await app.issue();
  const keys = createApiKeys({ pool: app.pool, rules: RULES });
  const { createdBy: bob } = await app.issue({}, BOB);
  const issuer = { ownerId: bob, createdBy: bob };
  const ids = [id, crypto.randomUUID(), 'x', '', `${id}0`, `0${id}`];
  for (const other of [
    ...ids,
    `${id}\0`,
    `${id.slice(1)}\0`,
    id.toUpperCase(),
  ]) {
    const refused = { code: 'api_key_not_found', status: 404 };
    const revoking = keys.revoke(bob, other);
    await expect(revoking, other).rejects.toMatchObject(refused);
    const rotating = keys.rotate(issuer, other, WEEK);
    await expect(rotating, other).rejects.toMatchObject(refused);
  }
  for (const answer of [
    await app.revoke(BOB, id),
    await app.revoke(BOB, crypto.randomUUID()),
    await app.rotate(BOB, id),
  ]) {
    expect(answer).toMatchObject(notFound);
    expect(answer.headers.has('www-authenticate')).toBe(false);
  }
  expect((await app.list(BOB)).body).toHaveLength(1);
  expect((await app.list(ADA)).body.map((one) => one.id)).toEqual([id]);
  expect((await app.use(key)).status).toBe(200);
});

it('calls no key wrong when Postgres fails', async () => {
  await using app = await startTestApp();
  const { key } = await app.issue();
  await app.pool.query('alter table issued_keys rename to away');
  const answer = await app.use(key);
  await app.pool.query('alter table away rename to issued_keys');
  expect(answer).toMatchObject({
    status: 500,
    body: { code: 'internal_error' },
  });
  const entries = inspect(app.log.entries, { depth: null });
  expect(entries).toContain('issued_keys');
  expect(entries).not.toContain(key.slice(-40));
  expect((await app.use(key)).status).toBe(200);
  await waitUntil('the use is written', async () => {
    const { rows } = await app.pool.query(
      'select from issued_keys where used_at is not null',
    );
    return rows.length === 1;
  });
});

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

  it('is stored as its SHA-256', () => {
    // The vector of FIPS 180-4 for "abc".
    expect(hashKey('abc').toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
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
    // Who made it may go: it is the key of its owner.
    await app.pool.query('delete from users where id = $1', [bob]);
    expect((await app.readRow(id))?.created_by).toBe(bob);
    expect((await app.use(key)).status).toBe(200);
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
    for (const name of ['x', '🚀'.repeat(100), ' é b', "'; --"])
      expect((await app.issue({ name })).name).toBe(name);
    const { createdBy } = await app.issue();
    const keys = createApiKeys({ pool: app.pool, rules: RULES });
    const issuer = { ownerId: createdBy, createdBy };
    const bad = ['', '🚀'.repeat(101), 'a\0b', 'a\nb', '\ud800'];
    // Blank, or with a character that hides or turns the others.
    bad.push('  ', 'a\u202eb', 'a\u200bb', 'a\u2028b', 'a\u2029b');
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
  it('deletes keys that ended or were revoked 90 days ago, in batches, and skips what is locked', async () => {
    await using app = await startTestApp();
    const { pool } = app;
    const ids = [];
    for (let n = 0; n < 5; n++) ids.push((await app.issue()).id);
    const [kept = '', leaked = '', revoked = '', ...old] = ids;
    const before = '-89 days -23 hours';
    const after = '-90 days -1 hour';
    await app.shift(kept, 'ends_at', before);
    await app.shift(leaked, 'revoked_at', before);
    await app.shift(revoked, 'revoked_at', after);
    for (const id of old) await app.shift(id, 'ends_at', after);
    const { deleteEnded } = createApiKeys({ pool, rules: RULES });
    const client = await pool.connect();
    await client.query('begin');
    await client.query(
      'select from issued_keys where id = $1 for update',
      [old[0]],
    );

    expect(await deleteEnded()).toBe(2);
    expect(await deleteEnded()).toBe(0);
    await client.query('commit');
    client.release();
    expect(await deleteEnded()).toBe(1);
    for (const id of [kept, leaked])
      expect(await app.readRow(id)).toBeDefined();
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
      ...['key_hash', 'owner_id', 'name', 'start', 'created_at'].map(
        (column) => `${column} = null`,
      ),
    ];
    for (const change of bad)
      await expect(
        app.pool.query(
          `update issued_keys set ${change} where id = $1`,
          [id],
        ),
        change,
      ).rejects.toThrow(/violates/);
    await app.pool.query(
      `update issued_keys set start = repeat('x', 32) where id = $1`,
      [id],
    );
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
      `select string_agg(attname, ' ' order by attnum) as columns
       from pg_index
       join pg_attribute
         on attrelid = indexrelid
       where indrelid = 'issued_keys'::regclass
       group by indexrelid`,
    );
    const indexed = rows.map(({ columns }) => columns).toSorted();
    expect(indexed).toEqual([
      'id',
      'key_hash',
      'least',
      'owner_id revoked_at',
    ]);
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
      'shop.live',
      'x'.repeat(21),
    ];
    for (const prefix of prefixes)
      expect(() =>
        createApiKeys({ pool, rules: { prefix, scopes } }),
      ).toThrow('the prefix is not like shop_live');
    for (const prefix of ['s', 'x'.repeat(20), 'b2b_live_eu1'])
      createApiKeys({ pool, rules: { prefix, scopes } });
    for (const scope of ['*', 'orders:*', '', 'a b', 'a"b', 'é', 'a\n'])
      for (const create of [
        (rules: KeyRules) => createApiKeys({ pool, rules }),
        (rules: KeyRules) => createKeyVerifier({ pool, rules, log }),
        (rules: KeyRules) =>
          createKeyGuard({ verify: async () => none, rules, log }),
      ])
        expect(() =>
          Reflect.apply(create, undefined, [
            {
              prefix: 'shop',
              scopes: ['order_items:read', 'v2.Read-all', scope],
            },
          ]),
        ).toThrow(`the scope ${scope} is not like a:read`);
    for (const touchSeconds of [0, -1, 1.5, Number.NaN, 86_401])
      expect(() =>
        createKeyVerifier({ pool, rules: RULES, log, touchSeconds }),
      ).toThrow('touchSeconds is not a whole number from 1 to 86400');
    for (const touchSeconds of [1, 86_400])
      createKeyVerifier({ pool, rules: RULES, log, touchSeconds });
    const limits = { maxKeys: 10_000, maxDays: 36_500 };
    for (const [name, most] of Object.entries(limits))
      for (const value of [0, 0.5, Number.NaN, most + 1])
        expect(() =>
          createApiKeys({ pool, rules: RULES, [name]: value }),
        ).toThrow(`${name} is not a whole number from 1 to ${most}`);
    createApiKeys({ pool, rules: RULES, maxKeys: 1, maxDays: 1 });
    createApiKeys({ pool, rules: RULES, ...limits });
  });
});

const none = { id: '', ownerId: '', scopes: [] };
