import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPgBouncer } from '@touchstone/kit/postgres/pgbouncer';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { Client, type ClientBase, type Pool } from 'pg';
import { expect, test } from 'vitest';
import { checkPool } from './check-pool.ts';
import { createPool, DEFAULTS } from './create-pool.ts';
import { createItems } from './items.ts';
import { startNetwork } from './test-network.ts';
import { startDatabase, startPool } from './test-pool.ts';

type Db = Pool | ClientBase;

async function readOne<T>(db: Db, sql: string, values: unknown[] = []) {
  const { rows } = await db.query<{ one: T }>(sql, values);
  return rows[0]?.one;
}

const readPid = (db: Db) =>
  readOne<number>(db, 'select pg_backend_pid() as one');

/** How many backends of this database run a statement like that. */
async function countRunning(db: Db, pattern: string) {
  const count = await readOne<number>(
    db,
    `select count(*)::int as one
     from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()
       and state <> 'idle' and query like $1`,
    [pattern],
  );
  return count ?? 0;
}

const kill = (db: Db, pid: number | undefined) =>
  db.query('select pg_terminate_backend($1)', [pid]);

failure(
  'Postgres ends a connection: a restart, a failover, an administrator',
  {
    symptom:
      'The log says `a connection is lost`; the process lives, and the next statement gets another connection',
    defence: 'fall-silent',
    remains: 'A statement that runs at that moment fails with 57P01',
  },
  async () => {
    await using database = await startDatabase();
    await using started = startPool(database.url, { max: 1 });
    const { pool, lines } = started;
    const idle = await readPid(pool);
    await kill(database.pool, idle);
    await waitUntil('it is gone', () => pool.totalCount === 0);

    const held = await pool.connect();
    const ended = new Promise<void>((resolve) => {
      held.on('end', resolve);
    });
    await kill(database.pool, await readPid(held));
    await ended;
    held.release();

    await new Promise<void>((resolve) => {
      pool.connect((_error, client, done) => {
        client?.on('end', () => {
          done();
          resolve();
        });
        client?.connection.stream.destroy();
      });
    });

    const running = pool.query(
      'select pg_terminate_backend(pg_backend_pid())',
    );
    await expect(running).rejects.toMatchObject({ code: '57P01' });

    expect(await readPid(pool)).not.toBe(idle);
    const lost = {
      message: 'a connection is lost',
      details: {
        code: '57P01',
        message: expect.stringContaining('administrator command'),
      },
    };
    expect(lines).toHaveLength(4);
    expect(lines.slice(0, 2)).toEqual([lost, lost]);
  },
);

failure(
  'More callers than connections',
  {
    symptom:
      'PoolError `queue_full` at once, or `no_connection` after `connectTimeoutMs`; an API answers 503',
    defence: 'bounded-queue',
    remains:
      'Slow statements stay slow: look for them before you raise `max`',
  },
  async () => {
    await using database = await startDatabase();
    await using started = startPool(database.url, {
      max: 2,
      maxWaiting: 3,
    });
    const { pool } = started;
    const held = [await pool.connect(), await pool.connect()];
    pool.options.connectionTimeoutMillis = 200;
    const waiting = [
      pool.connect(),
      pool.query('select 1'),
      pool.connect(),
    ];
    for (const caller of waiting) caller.catch(() => {});

    const refused = [pool.connect(), pool.query('select 1')];
    for (const caller of refused)
      await expect(caller).rejects.toMatchObject({
        name: 'PoolError',
        code: 'queue_full',
        message: expect.stringContaining('wait'),
      });
    expect(pool.refused).toBe(2);
    expect(pool.waitingCount).toBe(3);
    for (const caller of waiting)
      await expect(caller).rejects.toMatchObject({
        code: 'no_connection',
        cause: { message: expect.stringContaining('timeout') },
      });
    for (const client of held) client.release();
    // Idle ones and those yet to be made count as room.
    const burst = Array.from({ length: 5 }, () =>
      pool.query('select 1'),
    );
    await Promise.all(burst);
    expect(pool.idleCount).toBe(2);
  },
);

test('A burst at the start waits for connections that are being made', async () => {
  await using database = await startDatabase();
  await using started = startPool(database.url, { maxWaiting: 3 });

  const burst = Array.from({ length: 6 }, () =>
    started.pool.query('select 1'),
  );
  const outcomes = await Promise.allSettled(burst);

  const refused = outcomes.filter(
    ({ status }) => status === 'rejected',
  );
  expect(refused).toHaveLength(1);
});

test('A server that cannot be reached, or never answers, is told in time', async () => {
  await using database = await startDatabase();
  await using network = await startNetwork(database.url);
  network.swallow();
  await using silent = startPool(network.url, {
    connectTimeoutMs: 200,
  });
  await expect(silent.pool.query('select 1')).rejects.toMatchObject({
    code: 'no_connection',
  });
  await using absent = startPool('postgres://app:x@127.0.0.1:1/x');
  await expect(absent.pool.connect()).rejects.toMatchObject({
    code: 'no_connection',
    cause: { code: 'ECONNREFUSED' },
  });
});

test('A connection that arrives too late for its caller is watched as well', async () => {
  await using database = await startDatabase();
  await using network = await startNetwork(database.url);
  await using started = startPool(network.url, { max: 1 });
  const { pool, lines } = started;
  const held = await pool.connect();
  pool.options.connectionTimeoutMillis = 100;
  const waiting = pool.connect();
  pool.options.connectionTimeoutMillis = 60_000;
  network.freeze();
  held.release(true);
  await expect(waiting).rejects.toMatchObject({
    code: 'no_connection',
  });
  network.thaw();
  await waitUntil('it has arrived', () => pool.idleCount === 1);

  network.swallow();
  await pool.end();

  expect(lines[0]?.message).toBe('connections are cut off');
});

failure(
  'A client is never released',
  {
    symptom:
      'The log says `a client is not released` after `heldTooLongMs`, with the line that took it',
    defence: 'lend',
    remains:
      'Outside a transaction its connection stays lost: fix the line, with `finally`',
  },
  async () => {
    await using database = await startDatabase();
    await using started = startPool(database.url, {
      heldTooLongMs: 50,
    });
    const { pool, lines } = started;

    async function forgetClient() {
      await pool.connect();
    }
    const short = await pool.connect();
    short.release();
    await pool.query('select pg_sleep(0.1)');
    await forgetClient();

    await waitUntil('it is told', () => lines.length > 0);
    expect(lines).toEqual([
      {
        message: 'a client is not released',
        details: { takenAt: expect.stringContaining('forgetClient') },
      },
    ]);
  },
);

test('A client that is forgotten in a transaction is ended by Postgres, and its place taken back', async () => {
  await using database = await startDatabase();
  await using started = startPool(database.url, {
    max: 1,
    statementTimeoutMs: 500,
  });
  const { pool, lines } = started;
  const forgotten = await pool.connect();
  await forgotten.query('begin; lock table items');

  // The only connection: this one waits until it is reclaimed.
  await pool.query(`insert into items values (1, 'kettle')`);

  expect(lines).toMatchObject([{ details: { code: '25P03' } }]);
  expect(() => forgotten.release()).not.toThrow();
  expect(pool.totalCount).toBe(1);
});

failure(
  'After a failover, a connection accepts all bytes and never answers',
  {
    symptom:
      'PoolError `no_answer` after `answerTimeoutMs`; idle connections are closed too, and the next statement opens a new one',
    defence: 'fall-silent',
    remains:
      'The outcome of that statement is unknown: it may have run',
  },
  async () => {
    await using database = await startDatabase();
    await using network = await startNetwork(database.url);
    await using started = startPool(network.url, {
      max: 4,
      statementTimeoutMs: 400,
      answerTimeoutMs: 500,
    });
    const { pool, lines } = started;
    const clients = await Promise.all(
      [1, 2, 3, 4].map(() => pool.connect()),
    );
    const [held, ...others] = clients;
    for (const other of others) other.release();
    network.swallow();

    const client = await pool.connect();
    const lost = client
      .query('select 1')
      .finally(() => client.release());

    await expect(lost).rejects.toMatchObject({
      name: 'PoolError',
      code: 'no_answer',
    });
    network.heal();
    await waitUntil(
      'the idle ones are gone',
      () => pool.totalCount === 1,
    );
    // The one in use was not waiting for an answer.
    expect(await readPid(held ?? pool)).toBeGreaterThan(0);
    held?.release();
    expect(await readOne(pool, 'select 1 as one')).toBe(1);
    expect(network.countAccepted()).toBe(4);
    // The caller that gave it back is not to blame.
    const lostOne = (code?: string) => ({
      message: 'a connection is lost',
      details: expect.objectContaining({ code }),
    });
    expect(lines).toEqual([
      lostOne('no_answer'),
      lostOne(undefined),
      lostOne(undefined),
    ]);
  },
);

test('An idle connection is not taken for a silent one', async () => {
  await using database = await startDatabase();
  await using started = startPool(database.url, {
    max: 1,
    statementTimeoutMs: 400,
    answerTimeoutMs: 500,
  });
  const { pool } = started;
  const client = await pool.connect();
  const pid = await readPid(client);
  await database.pool.query('select pg_sleep(0.8)');
  expect(await readPid(client)).toBe(pid);
  client.release();
  await database.pool.query('select pg_sleep(0.8)');
  expect(await readPid(pool)).toBe(pid);
});

test('A process that is stopped for longer than `answerTimeoutMs`, as a container without CPU is, reads its answers first', async () => {
  await using database = await startDatabase();
  await using started = startPool(database.url, {
    statementTimeoutMs: 400,
    answerTimeoutMs: 500,
  });
  const { pool, lines } = started;
  const client = await pool.connect();
  await client.query(`set statement_timeout = '60s'`);

  // Answered long before the pause ends, and read in several turns.
  const answer = client.query(`select repeat('x', 5000000) as text`);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);

  expect((await answer).rows[0].text).toHaveLength(5_000_000);
  client.release();
  expect(lines).toEqual([]);
});

failure(
  'A connection is to a server that has become read-only, or a migration changed what a named statement reads',
  {
    symptom:
      '25006 `read-only transaction`, or 0A000 `cached plan must not change result type`, once for each connection',
    defence: 'spoiling',
    remains:
      'While DNS names the old server, each write makes a new connection to it',
  },
  async () => {
    await using database = await startDatabase();
    await using started = startPool(database.url, { max: 1 });
    const { pool, lines } = started;
    const insert = `insert into items values (1, 'kettle')`;
    const find = { name: 'find', text: 'select * from items' };

    const client = await pool.connect();
    await client.query('set default_transaction_read_only = on');
    const refused = client.query(insert);
    await expect(refused).rejects.toMatchObject({ code: '25006' });
    // What fails after it for another reason changes nothing.
    await expect(client.query('select 1 / 0')).rejects.toThrow();
    client.release();
    await pool.query(insert);

    await pool.query(find);
    await database.pool.query('alter table items add column price int');
    const stale = pool.query(find);
    await expect(stale).rejects.toMatchObject({ code: '0A000' });
    await pool.query(find);

    await pool.query('deallocate all');
    const gone = pool.query(find);
    await expect(gone).rejects.toMatchObject({ code: '26000' });
    expect((await pool.query(find)).rowCount).toBe(1);
    expect(lines).toEqual([]);
  },
);

failure(
  'A client is released with a query still running, or in a transaction',
  {
    symptom:
      'The log says `a client is released while busy`, with the line that took it; the connection is closed',
    defence: 'lend',
    remains:
      'A session `set` or a lock stays on a connection that is given back',
  },
  async () => {
    await using database = await startDatabase();
    await using started = startPool(database.url, { max: 1 });
    const { pool, lines } = started;

    async function giveUpEarly() {
      const client = await pool.connect();
      const limited = {
        text: 'select pg_sleep(60)',
        query_timeout: 50,
      };
      await client.query(limited).catch(() => {});
      client.release();
    }
    async function forgetCommit() {
      const client = await pool.connect();
      await client.query('begin');
      client.release();
    }
    await giveUpEarly();
    await forgetCommit();

    // Neither waits for the sleep, nor is part of that transaction.
    await pool.query(`insert into items values (1, 'kettle')`);
    expect(
      await readOne(
        database.pool,
        'select count(*)::int as one from items',
      ),
    ).toBe(1);
    expect(lines).toMatchObject([
      { details: { takenAt: expect.stringContaining('giveUpEarly') } },
      { details: { takenAt: expect.stringContaining('forgetCommit') } },
    ]);
    expect(lines[0]?.message).toBe('a client is released while busy');
    await waitUntil(
      'Postgres stopped it',
      async () =>
        (await countRunning(database.pool, '%sleep(60%')) === 0,
    );
  },
);

test('A statement that fails, as each 23505 of a unique key does, leaves a good connection', async () => {
  await using database = await startDatabase();
  await using started = startPool(database.url, { max: 1 });
  const { pool, lines } = started;
  const pid = await readPid(pool);

  for (const id of [1, 2])
    await pool
      .query(`insert into items values ($1, 'kettle')`, [id])
      .catch(({ code }) => expect(code).toBe('23505'));
  const client = await pool.connect();
  const error = await client.query('select 1 / 0').catch((e) => e);
  client.release(error);

  expect(await readPid(pool)).toBe(pid);
  // One that is in an aborted transaction is closed all the same.
  const aborted = pool.query('begin; select 1 / 0');
  await expect(aborted).rejects.toMatchObject({ code: '22012' });
  expect(await readPid(pool)).not.toBe(pid);
  expect(lines).toEqual([]);
});

test('A client is released between the error of Postgres and its being ready', async () => {
  await using database = await startDatabase();
  await using network = await startNetwork(database.url);
  await using started = startPool(network.url, { max: 1 });
  const { pool, lines } = started;
  const pid = await readPid(pool);
  network.split();

  const client = await pool.connect();
  const failing = client.query('select 1 / 0');
  const released = failing.finally(() => {
    client.release();
    client.release();
  });
  await expect(released).rejects.toMatchObject({ code: '22012' });
  expect(await readPid(pool)).toBe(pid);

  const killed = await pool.connect();
  const ending = killed.query(
    'select pg_terminate_backend(pg_backend_pid())',
  );
  const given = ending.finally(() => killed.release());
  await expect(given).rejects.toMatchObject({ code: '57P01' });
  expect(await readPid(pool)).not.toBe(pid);
  expect(lines).toMatchObject([{ message: 'a connection is lost' }]);
});

test('A client that is released with an error, or with true, is closed', async () => {
  await using database = await startDatabase();
  await using started = startPool(database.url, { max: 1 });
  const { pool, lines } = started;
  const pids = [];
  for (const failed of [new Error('mine'), true, false, undefined]) {
    const client = await pool.connect();
    pids.push(await readPid(client));
    client.release(failed);
  }
  expect(new Set(pids).size).toBe(3);
  expect(lines).toEqual([]);
});

test('A client that is lost is closed without a goodbye, which a dead server would not answer', async () => {
  await using database = await startDatabase();
  await using network = await startNetwork(database.url);
  await using started = startPool(network.url);
  const client = await started.pool.connect();
  network.swallow();

  client.release(true);

  expect(client.connection.stream.destroyed).toBe(true);
});

failure(
  'The process stops while clients are in use or lost',
  {
    symptom:
      'The log says `connections are cut off` after `endTimeoutMs`, and `end` resolves; callers in the queue get PoolError `ended` at once',
    defence: 'end',
    remains:
      'Postgres notices closed connections within a second, and rolls back',
  },
  async () => {
    await using database = await startDatabase();
    const { pool, lines } = startPool(database.url, { max: 2 });
    const clients = [await pool.connect(), await pool.connect()];
    const lost = clients.map((client) =>
      client.query('select pg_sleep(60)'),
    );
    for (const answer of lost) answer.catch(() => {});
    const waiting = [pool.connect(), pool.connect()];
    for (const caller of waiting) caller.catch(() => {});

    const ended = pool.end();
    const again = pool.end();

    for (const caller of waiting)
      await expect(caller).rejects.toMatchObject({ code: 'ended' });
    await expect(pool.query('select 1')).rejects.toMatchObject({
      code: 'ended',
    });
    expect(await countRunning(database.pool, '%sleep(60%')).toBe(2);
    await ended;
    await again;
    for (const answer of lost)
      await expect(answer).rejects.toThrow('Connection terminated');
    expect(lines).toContainEqual({
      message: 'connections are cut off',
      details: { inUse: 2 },
    });
    await waitUntil(
      'Postgres stopped it',
      async () =>
        (await countRunning(database.pool, '%sleep(60%')) === 0,
    );
  },
);

test('The end waits for clients in use, and leaves no socket open', async () => {
  await using database = await startDatabase();
  const { pool, lines } = startPool(database.url, {
    endTimeoutMs: 2000,
  });
  const client = await pool.connect();
  await pool.query('select 1');
  const late = await pool.connect();
  const { stream } = late.connection;
  late.release();
  const done = client.query('select pg_sleep(0.1)');

  const ended = new Promise<void>((resolve) => pool.end(resolve));
  await done;
  client.release();
  await ended;

  expect(stream.destroyed).toBe(true);
  expect(client.connection.stream.destroyed).toBe(true);
  // The deadline is called off.
  await database.pool.query('select pg_sleep(2.1)');
  expect(lines).toEqual([]);
});

test('The end comes in time although an idle connection is dead', async () => {
  await using database = await startDatabase();
  await using network = await startNetwork(database.url);
  const { pool, lines } = startPool(network.url);
  const client = await pool.connect();
  client.release();
  network.swallow();

  await pool.end();

  expect(client.connection.stream.destroyed).toBe(true);
  expect(lines).toEqual([
    { message: 'connections are cut off', details: { inUse: 0 } },
  ]);
});

test('A connection that arrives after the end is closed, and need not answer', async () => {
  await using database = await startDatabase();
  await using network = await startNetwork(database.url);
  for (const endTimeoutMs of [5000, 1]) {
    const { pool, lines } = startPool(network.url, { endTimeoutMs });
    pool.on('connect', () => {
      if (endTimeoutMs === 1) network.swallow();
    });
    const early = pool.connect();
    const ended = pool.end();
    await expect(early).rejects.toMatchObject({ code: 'ended' });
    await ended;
    expect(pool.totalCount).toBe(0);
    expect(lines).toHaveLength(endTimeoutMs === 1 ? 1 : 0);
  }
});

failure(
  'All processes together open more connections than Postgres has',
  {
    symptom:
      'The start fails with a sentence, instead of `sorry, too many clients already` (53300) under load',
    defence: 'check-pool',
    remains: 'Programs with other roles count too: leave room for them',
  },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'connection-pooling-'));
    {
      await using first = await startPostgres({ dataFolder: folder });
      await using admin = startPool(first.url);
      await admin.pool.query(
        'alter system set superuser_reserved_connections = 4',
      );
      await admin.pool.query(
        'alter system set reserved_connections = 5',
      );
    }
    await using server = await startPostgres({ dataFolder: folder });
    await using admin = startPool(server.url);
    const run = (sql: string) => admin.pool.query(sql);
    await run(`create role app login password 'app'`);
    // The limit is that of who logs in, not of who it becomes.
    await run('create role clerk connection limit 3');
    await run('grant clerk to app; alter role app set role = clerk');
    const own = { username: 'app', password: 'app' };
    const { href } = Object.assign(new URL(server.url), own);
    await using started = startPool(href);
    const check = (connections: number) =>
      checkPool(started.pool, { connections });
    const [most] = (await run('show max_connections')).rows;
    const room = Number(most.max_connections) - 4 - 5;

    await check(room);
    await expect(check(room + 1)).rejects.toThrow(
      `${room + 1} connections may be opened: Postgres has room for ${room}`,
    );
    await run('alter role app connection limit 7');
    await check(7);
    await expect(check(8)).rejects.toThrow('has room for 7');
    await run('alter database postgres connection limit 6');
    await check(6);
    await expect(check(7)).rejects.toThrow('has room for 6');
    await expect(check(Number.NaN)).rejects.toThrow('NaN');
    rmSync(folder, { recursive: true });
  },
);

failure(
  'Limits are lost on the way through PgBouncer',
  {
    symptom:
      '`unsupported startup parameter: statement_timeout`, or with `ignore_startup_parameters` no limit and no error',
    defence: 'check-pool',
    remains: 'The limits are then those of the role or the database',
  },
  async () => {
    await using database = await startDatabase();
    await using bouncer = await startPgBouncer({
      databaseUrl: database.url,
      poolSize: 1,
    });
    await using direct = startPool(bouncer.url);
    await expect(direct.pool.query('select 1')).rejects.toMatchObject({
      code: 'no_connection',
      cause: {
        message: expect.stringContaining(
          'unsupported startup parameter',
        ),
      },
    });
    await using through = startPool(bouncer.url, { pgbouncer: true });
    await expect(
      checkPool(through.pool, { connections: 0 }),
    ).rejects.toThrow(
      /(?=.*statement_timeout)(?=.*lock_timeout)(?=.*idle_in_transaction_session_timeout)(?=.*client_connection_check_interval).*not in force/,
    );

    const name = new URL(database.url).pathname.slice(1);
    for (const limit of [
      'client_connection_check_interval',
      'lock_timeout',
      'idle_in_transaction_session_timeout',
      'statement_timeout',
    ])
      await database.pool.query(
        `alter database ${name} set ${limit} = '20s'`,
      );
    await using fresh = await startPgBouncer({
      databaseUrl: database.url,
      poolSize: 1,
    });
    await using wrong = startPool(fresh.url, { pgbouncer: true });
    await expect(
      checkPool(wrong.pool, { connections: 0 }),
    ).rejects.toThrow('answerTimeoutMs must be longer than 20000');
    await using right = startPool(fresh.url, {
      pgbouncer: true,
      answerTimeoutMs: 20_001,
    });
    await checkPool(right.pool, { connections: 0 });
  },
);

failure(
  'Session state through PgBouncer in transaction mode',
  {
    symptom:
      'A `set` affects other callers, a session lock stays, a `listen` gets no notification, a named statement fails',
    defence: 'set-local',
    remains:
      'Named statements need PgBouncer 1.21 with `max_prepared_statements`; `listen` needs a direct connection',
  },
  async () => {
    await using database = await startDatabase();
    await using bouncer = await startPgBouncer({
      databaseUrl: database.url,
      poolSize: 1,
    });
    await using mine = startPool(bouncer.url, { pgbouncer: true });
    await using other = startPool(bouncer.url, { pgbouncer: true });

    await createItems({ pool: mine.pool }).countAll();
    expect(
      await readOne(
        other.pool,
        `select current_setting('work_mem') as one`,
      ),
    ).toBe('4MB');
    await mine.pool.query(`set work_mem = '64MB'`);
    expect(
      await readOne(
        other.pool,
        `select current_setting('work_mem') as one`,
      ),
    ).toBe('64MB');

    const named = { name: 'one', text: 'select 1 as one' };
    await mine.pool.query(named);
    await expect(other.pool.query(named)).rejects.toMatchObject({
      code: '42P05',
    });

    const heard: string[] = [];
    const listener = await other.pool.connect();
    listener.on('notification', ({ channel }) => heard.push(channel));
    await listener.query('listen news');
    const direct = new Client({ connectionString: database.url });
    await direct.connect();
    await direct.query('listen news');
    const told = once(direct, 'notification');
    await database.pool.query('notify news');
    await told;
    await direct.end();
    // The query that has the connection at that moment may hear it.
    await mine.pool.query('select 1');
    expect(heard).toEqual([]);
    listener.release();

    await mine.pool.query('select pg_advisory_lock(1)');
    await mine.pool.end();
    const stuck = readOne(
      database.pool,
      'select pg_try_advisory_lock(1) as one',
    );
    expect(await stuck).toBe(false);
  },
);

test('Settings are those of the options', async () => {
  await using database = await startDatabase();
  await using started = startPool(database.url, {
    applicationName: 'stock',
    statementTimeoutMs: 4000,
    lockTimeoutMs: 86_400_000,
    max: 1,
  });
  const { pool } = started;
  const { rows } = await pool.query(
    `select
       current_setting('application_name') as name,
       current_setting('statement_timeout') as statement,
       current_setting('lock_timeout') as lock,
       current_setting('idle_in_transaction_session_timeout') as idle,
       current_setting('client_connection_check_interval') as gone`,
  );
  expect(rows).toEqual([
    {
      name: 'stock',
      statement: '4s',
      lock: '1d',
      idle: '4s',
      gone: '1s',
    },
  ]);

  await checkPool(pool, { connections: 1 });
  await using unlimited = startPool(`${database.url}?lock_timeout=0`);
  const check = checkPool(unlimited.pool, { connections: 1 });
  await expect(check).rejects.toThrow('lock_timeout not in force');
});

test('A statement that Postgres stops leaves a good connection', async () => {
  await using database = await startDatabase();
  await using started = startPool(database.url, {
    max: 1,
    statementTimeoutMs: 500,
    lockTimeoutMs: 50,
  });
  const { pool } = started;
  const pid = await readPid(pool);
  const other = await database.pool.connect();
  await other.query('begin; lock table items');

  const blocked = pool.query(`insert into items values (1, 'kettle')`);
  await expect(blocked).rejects.toMatchObject({ code: '55P03' });
  await other.query('rollback');
  other.release();
  const slow = pool.query('select pg_sleep(60)');
  await expect(slow).rejects.toMatchObject({ code: '57014' });

  expect(await readPid(pool)).toBe(pid);
});

test('Options that would switch a limit off are refused', () => {
  const options = {
    connectionString: 'postgres://app@127.0.0.1/app',
    applicationName: 'stock',
    log: { warn: () => {} },
  };
  const numbers = Object.keys(DEFAULTS);
  for (const name of numbers)
    for (const value of [
      0,
      -1,
      1.5,
      Number.NaN,
      86_400_001,
      '10',
      undefined,
    ])
      expect(() => createPool({ ...options, [name]: value })).toThrow(
        `${name} must be an integer from 1 to 86400000`,
      );
  for (const name of ['connectionString', 'applicationName'])
    expect(() => createPool({ ...options, [name]: '' })).toThrow(
      `${name} is empty`,
    );
  expect(() =>
    createPool({ ...options, statementTimeoutMs: 20_000 }),
  ).toThrow('answerTimeoutMs must be longer than statementTimeoutMs');
  expect(() =>
    createPool({ ...options, statementTimeoutMs: 19_999 }),
  ).not.toThrow();
});

test('Defaults are those of the page', () => {
  const pool = createPool({
    connectionString: 'postgres://app@127.0.0.1/app',
    applicationName: 'stock',
    log: { warn: () => {} },
  });
  expect(DEFAULTS).toMatchObject({
    maxWaiting: 100,
    answerTimeoutMs: 20_000,
    heldTooLongMs: 30_000,
    endTimeoutMs: 10_000,
  });
  expect(pool.options).toMatchObject({
    max: 10,
    connectionTimeoutMillis: 5000,
    statement_timeout: 15_000,
    lock_timeout: 5000,
    idle_in_transaction_session_timeout: 15_000,
    maxLifetimeSeconds: 1800,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
});
