import { readFileSync } from 'node:fs';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { startRedis } from '@touchstone/kit/redis/redis';
import { waitUntil } from '@touchstone/kit/time/wait';
import { Pool } from 'pg';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openRedis } from './open-redis.ts';
import { createPostgresSessions } from './postgres-sessions.ts';
import { createRedisSessions } from './redis-sessions.ts';
import { startBlackHole } from './test-black-hole.ts';
import {
  logInAs,
  openTestStore,
  untilAnswered,
} from './test-stores.ts';

const unavailable = {
  name: 'SessionStoreError',
  code: 'sessions_unavailable',
  status: 503,
};
const MINUTE = 60;
const USER = '0198c0de-0000-7000-8000-000000000001';

it('keeps the connection to a Redis that answers pings, even with errors', async () => {
  await using redis = await startRedis();
  await using hole = await startBlackHole(redis.port);
  const { client, send, close } = openRedis(hole.url, {
    warn: () => {},
  });
  onTestFinished(close);
  await untilAnswered(createRedisSessions({ send }));
  // Without the permission, the answer to a ping is an error.
  await client.sendCommand(['ACL', 'SETUSER', 'default', '-ping']);

  const denied = async () => {
    const { calls, rejected } = await countPings(client);
    return calls + rejected;
  };
  const before = await denied();
  await waitUntil(
    'five pings were answered',
    async () => (await denied()) >= before + 5,
  );
  expect(hole.countAccepted()).toBe(1);
});

it('answers 2,000 requests at once from a Redis that works', async () => {
  await using app = await openTestStore({
    store: 'redis',
    timeoutMs: 60_000,
  });
  const userId = await logInAs(app.pool, 'ada@example.com');
  const token = await app.sessions.begin({ userId, device: 'phone' });

  const found = await Promise.all(
    Array.from({ length: 2000 }, () => app.sessions.read(token)),
  );

  expect(found.every((session) => session?.userId === userId)).toBe(
    true,
  );
});

it('answers 503 in time while Postgres is frozen, with any pool, and goes on after it', async () => {
  await using server = await startPostgres();
  const pool = new Pool({ connectionString: server.url, max: 2 });
  pool.on('error', () => {});
  onTestFinished(() => pool.end());
  const schema = new URL('schema.sql', import.meta.url);
  await pool.query(readFileSync(schema, 'utf8'));
  const userId = await logInAs(pool, 'ada@example.com');
  const sessions = createPostgresSessions({ pool, timeoutMs: 500 });
  const token = await sessions.begin({ userId, device: 'phone' });
  const { rows } = await pool.query<{ pid: number }>(
    `select pid from pg_stat_activity
     union
     select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)::int`,
  );
  const signal = (name: NodeJS.Signals) => {
    for (const { pid } of rows) process.kill(pid, name);
  };

  signal('SIGSTOP');
  try {
    const start = performance.now();
    const refusals = [
      sessions.read(token),
      sessions.change(token, { theme: 'dark' }),
      sessions.begin({ userId, device: 'watch' }),
      sessions.list(userId),
      sessions.logout('another'),
      sessions.logoutEverywhere('0'.repeat(8) + userId.slice(8)),
      sessions.logoutDevice(userId, userId),
    ];
    for (const refusal of refusals)
      await expect(refusal).rejects.toMatchObject({
        ...unavailable,
        cause: { message: 'timeout' },
      });
    expect(performance.now() - start).toBeLessThan(30_000);
  } finally {
    signal('SIGCONT');
  }

  await untilAnswered(sessions);
  expect(await sessions.read(token)).toBeDefined();
});

it('is read from a Postgres that refuses to write', async () => {
  await using app = await openTestStore({ store: 'postgres' });
  const userId = await logInAs(app.pool, 'ada@example.com');
  const token = await app.sessions.begin({ userId, device: 'phone' });
  await app.wait(2 * MINUTE);

  for (const option of [
    'default_transaction_read_only=on',
    'default_transaction_isolation=repeatable\\ read',
  ]) {
    const pool = new Pool({
      connectionString: app.databaseUrl,
      options: `-c ${option}`,
    });
    const { read } = createPostgresSessions({ pool });
    for (let round = 0; round < 5; round++) {
      const found = await Promise.all(
        Array.from({ length: 20 }, () => read(token)),
      );
      for (const session of found) expect(session?.userId).toBe(userId);
      await app.wait(2 * MINUTE);
    }
    await pool.end();
  }
});

it('is read from Postgres while somebody makes an index, or holds the row', async () => {
  await using app = await openTestStore({
    store: 'postgres',
    timeoutMs: 10_000,
  });
  const userId = await logInAs(app.pool, 'ada@example.com');
  const token = await app.sessions.begin({ userId, device: 'phone' });
  await app.wait(2 * MINUTE);
  const client = await app.pool.connect();
  const query = vi.spyOn(app.pool, 'query');

  // `create index` takes the first; only that one is waited for.
  for (const [lock, refusals] of [
    ['lock table sessions in share mode', 1],
    ['select from sessions for share', 0],
    ['select from sessions for update', 0],
  ] as const) {
    await client.query(`begin; ${lock}`);
    query.mockClear();
    const start = performance.now();
    expect(await app.sessions.read(token)).toBeDefined();
    expect(performance.now() - start).toBeLessThan(5000);
    const sent = query.mock.results.map(({ value }) => value);
    const answers = await Promise.allSettled(sent);
    expect(
      answers.filter(({ status }) => status === 'rejected'),
    ).toHaveLength(refusals);
    await client.query('rollback');
  }
  client.release();
  // The short limit was of that transaction alone.
  const { rows } = await app.pool.query('show lock_timeout');
  expect(rows).toEqual([{ lock_timeout: '0' }]);
});

it('is read from a Redis that refuses to write', async () => {
  await using redis = await startRedis();
  await using app = await openTestStore({ store: 'redis', redis });
  const userId = await logInAs(app.pool, 'ada@example.com');
  const login = { userId, device: 'phone' };
  const token = await app.sessions.begin(login);
  await app.wait(2 * MINUTE);
  await app.client.configSet('min-replicas-to-write', '1');

  expect(await app.sessions.read(token)).toMatchObject({ userId });
  for (const refusal of [
    app.sessions.begin(login),
    app.sessions.change(token, { theme: 'dark' }),
    app.sessions.logout(token),
  ])
    await expect(refusal).rejects.toMatchObject({
      ...unavailable,
      cause: { message: expect.stringContaining('NOREPLICAS') },
    });
});

it('does not end as idle in a full Redis when it is used', async () => {
  await using redis = await startRedis();
  await using app = await openTestStore({ store: 'redis', redis });
  const userId = await logInAs(app.pool, 'ada@example.com');
  const token = await app.sessions.begin({ userId, device: 'phone' });

  for (let day = 0; day < 10; day++) {
    await app.client.configSet('maxmemory', '0');
    await app.wait(24 * 60 * MINUTE);
    await app.client.configSet('maxmemory', '1');
    expect(await app.sessions.read(token)).toBeDefined();
  }
});

it('stays ended when Redis crashes, if it writes each command to the disk first', async () => {
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
  expect(await endAndCrash(durable)).toBeUndefined();
  // With snapshots, as by default, it lives again.
  expect(await endAndCrash([])).toBeDefined();
});

/** The session that a user has ended, after a crash of Redis. */
async function endAndCrash(settings: string[]) {
  await using redis = await startRedis(settings);
  await using app = await openTestStore({ store: 'redis', redis });
  const login = { userId: USER, device: 'phone' };
  const [ended, other] = [
    await app.sessions.begin(login),
    await app.sessions.begin(login),
  ];
  await app.client.sendCommand(['SAVE']);

  await app.sessions.logout(ended);
  expect(await app.sessions.read(ended)).toBeUndefined();
  await redis.kill();
  await redis.start();

  await untilAnswered(app.sessions);
  expect(await app.sessions.read(other)).toBeDefined();
  return await app.sessions.read(ended);
}

async function countPings(client: {
  info: (section: string) => Promise<string>;
}) {
  const info = await client.info('commandstats');
  const [, calls = 0, rejected = 0] =
    /cmdstat_ping:calls=(\d+).*rejected_calls=(\d+)/.exec(info) ?? [];
  return { calls: Number(calls), rejected: Number(rejected) };
}
