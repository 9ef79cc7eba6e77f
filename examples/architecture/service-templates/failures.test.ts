import { setTimeout as pause } from 'node:timers/promises';
import { listen } from '@touchstone/kit/app/http';
import {
  lockTable,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { runProgram } from '@touchstone/kit/programs/program';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { createClient } from '@touchstone/kit/testing/client';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it, test } from 'vitest';
import { createLog } from '../../observability/structured-logging/create-log.ts';
import { createApp } from './app.ts';
import { applyMigrations } from './apply-migrations.ts';
import { createOrders } from './orders.ts';
import { speedUpSockets, startHere } from './test-process.ts';
import {
  beginFirstMigration,
  beginJobs,
  countConnections,
  countOrders,
  countRows,
  describeShop,
  launchInstance,
  listMessages,
  makeJobsDue,
  openDatabase,
  placeOrder,
  SERVE,
  startInstance,
  untilConfirmed,
} from './test-service.ts';

const MIGRATING = `application_name = 'shop migrations'`;
const POOLED = `application_name = 'shop'`;
const LISTENING = `query like 'listen %'`;
const TABLES = `pg_tables where tablename = 'migrations'`;

failure(
  'The configuration is wrong',
  {
    symptom:
      'A sentence for each variable, exit code 1, and nothing is opened',
    defence: 'settings',
    remains:
      'Not covered: a value that is valid but wrong, such as the URL of another database',
  },
  async () => {
    const start = async (settings: Record<string, string>) =>
      await runProgram(SERVE, { PORT: '0', ...settings });

    expect(await start({ DATABASE_URL: '', PORT: '80a' })).toEqual({
      code: 1,
      output: '',
      errors:
        'DATABASE_URL: is empty; set it, or remove it\n' +
        'PORT: must be a whole number from 0 to 65535\n',
    });
    const valid = { DATABASE_URL: 'postgres://127.0.0.1/shop' };
    expect(await start({ ...valid, NOTICE: '25s' })).toEqual({
      code: 1,
      output: '',
      errors: 'SHUTDOWN: must be longer than NOTICE\n',
    });
  },
);

failure(
  'Two instances start at once on an empty database',
  {
    symptom:
      'Each migration is applied once; the second instance waits, and then serves too',
    defence: 'apply-first',
    remains:
      'A migration must work with the release that still runs, because it does not wait for the old instances to stop',
  },
  async () => {
    await using database = await openDatabase();
    const third = await beginFirstMigration(database);
    const starting = [
      startInstance(database.url, {}),
      startInstance(database.url, {}),
    ] as const;
    await untilWaiting(database.pool, 2);
    expect(await countConnections(database, MIGRATING)).toBe(2);
    await third.end('commit');
    const [first, second] = await Promise.all(starting);
    await using one = first;
    await using two = second;

    const all = [one, two].flatMap((each) =>
      listMessages(each.read().output),
    );
    const done = all.filter((message) => message === 'migrated');
    expect(done).toHaveLength(2);
    const { rows } = await database.pool.query(
      'select name from migrations order by name',
    );
    expect(rows.map(({ name }) => name)).toEqual([
      '0001-zero-downtime-migrations',
      '0002-background-jobs',
      '0003-orders',
    ]);
    await placeOrder(one.send);
    await placeOrder(two.send);
    await untilConfirmed(database, 2);
  },
);

failure(
  'SIGTERM comes while the migrations run',
  {
    symptom:
      '`/livez` is 200; `/readyz` and requests are 503, with `retry-after`; the process ends with exit code 0, and Postgres rolls back the migration under way',
    defence: 'listen-first',
    remains:
      'A concurrent index that is cut off is invalid until the next start builds it again',
  },
  async () => {
    await using database = await openDatabase();
    const third = await beginFirstMigration(database);
    const port = await findFreePort();
    await using instance = launchInstance(database.url, {
      PORT: `${port}`,
    });
    const get = (path: string) =>
      fetch(`http://127.0.0.1:${port}${path}`);
    await untilWaiting(database.pool);
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(503);
    const early = await get('/orders/1');
    expect(early.status).toBe(503);
    expect(early.headers.get('retry-after')).toBe('1');
    expect(early.headers.get('content-type')).toBe(
      'application/problem+json',
    );
    expect(await early.json()).toEqual({
      title: 'Service Unavailable',
      status: 503,
      code: 'starting',
    });

    await instance.signal('SIGTERM');

    expect(await instance.ended).toBe(0);
    await waitUntil(
      'no connection of it is left',
      async () => !(await countConnections(database, MIGRATING)),
    );
    await third.end('rollback');
    expect(await countRows(database, TABLES)).toBe(0);
  },
);

failure(
  'An old release starts again after a new one has migrated',
  {
    symptom:
      'The log has `the database is newer than this release`, and the old release serves',
    defence: 'serve-an-older-release',
    remains:
      'Each migration must work with both releases. A migration that was edited, or that is missing in the middle, still stops the start',
  },
  async () => {
    await using database = await openDatabase();
    await applyMigrations(describeShop(database));
    const { pool } = database;
    const next = `insert into migrations (name, checksum)
      values ('0004-customers', 'of the new release')`;
    await pool.query(next);

    const one = await startHere(database, {});
    expect(one.log.entries).toContainEqual({
      level: 'warn',
      message: 'the database is newer than this release',
      details: {},
    });
    expect(await (await fetch(one.url)).text()).toBe('done');
    one.terminate();
    expect(await one.untilExit()).toBe(0);

    const start = () => applyMigrations(describeShop(database));
    expect(await start()).toEqual([]);
    await pool.query(
      `update migrations set checksum = 'edited' where name = '0002-background-jobs'`,
    );
    await expect(start()).rejects.toMatchObject({ code: 'edited' });
    await pool.query(
      `delete from migrations where name = '0002-background-jobs'`,
    );
    await expect(start()).rejects.toMatchObject({
      code: 'out_of_order',
    });
    await pool.query(
      `insert into migrations (name, checksum)
       values ('0002-background-jobs', 'edited')`,
    );
    await pool.query(
      `insert into migrations (name, checksum)
       values ('0000-before', 'of another history')`,
    );
    await expect(start()).rejects.toMatchObject({
      code: 'out_of_order',
    });
  },
);

failure(
  'A migration takes hours',
  {
    symptom:
      'It is not cut off, though Postgres sends nothing until its index is built',
    defence: 'migrate-without-a-limit',
    remains:
      'The instance is not ready, and `/startupz` is 503: give it the time, or migrate in the deployment',
  },
  async () => {
    await using database = await openDatabase();
    const other = await beginFirstMigration(database);
    speedUpSockets();
    const migrating = applyMigrations(describeShop(database));
    await untilWaiting(database.pool);
    await pause(1500); // for the sockets, four hours
    await other.end('commit');

    expect(await migrating).toEqual([
      '0002-background-jobs',
      '0003-orders',
    ]);
    expect(await countConnections(database, MIGRATING)).toBe(0);
  },
);

it('ends with exit code 1 when a migration that was applied has been edited', async () => {
  await using database = await openDatabase();
  await applyMigrations(describeShop(database));
  await database.pool.query(
    `update migrations
     set checksum = 'another'
     where name = '0003-orders'`,
  );

  const { code, output } = await runProgram(SERVE, {
    DATABASE_URL: database.url,
    PORT: '0',
  });

  expect(code).toBe(1);
  expect(output).toContain('0003-orders was edited');
});

failure(
  'SIGTERM comes while a request and a job are under way',
  {
    symptom:
      'Readiness turns 503, the request is answered with 201, the job is done, and the exit code is 0',
    defence: 'open-in-order',
    remains: 'The job of that order is left for another instance',
  },
  async () => {
    await using database = await openDatabase();
    await using one = await startInstance(database.url, {
      NOTICE: '1s',
    });
    await placeOrder(one.send);
    await untilConfirmed(database, 1);
    const locked = await beginJobs(database);
    const placing = placeOrder(one.send);
    await untilWaiting(database.pool, 2);

    const ended = one.kill('SIGTERM');

    await one.becomes(503);
    expect(await one.probe('/livez')).toBe(200);
    const isClosed = () =>
      one.probe('/livez').then(
        () => false,
        () => true,
      );
    await waitUntil('nothing is accepted any more', isClosed);
    await locked.unlock();
    await placing;
    expect(await ended).toBe(0);
    expect((await countOrders(database))?.all).toBe(2);
    await using _ = await startInstance(database.url, {});
    await untilConfirmed(database, 2);
  },
);

failure(
  'A request and a job do not end at SIGTERM',
  {
    symptom:
      'The request is cut off after half of the time, and the job is given back after half of the rest: another instance does it at once, and not when its lease ends. The exit code is 1',
    defence: 'open-in-order',
    remains:
      'A client that sends its request slowly holds up the end as long. The client sees a broken connection, so a request must be safe to repeat; a handler that ignores its signal may still be running',
  },
  async () => {
    await using database = await openDatabase();
    const endless = new Promise<never>(() => {});
    const begun = Promise.withResolvers<void>();
    const one = await startHere(database, {
      noticeMs: 1000,
      limitMs: 6000,
      create: ({ pool, queue }) => ({
        async app({ url }, response) {
          const job = { kind: 'endless', payload: {} };
          if (url === '/short') response.end('done');
          else await queue.enqueue(pool, [job]);
        },
        handlers: {
          async endless() {
            begun.resolve();
            await endless;
          },
        },
      }),
    });
    const asking = expect(fetch(`${one.url}/long`)).rejects.toThrow(
      'fetch failed',
    );
    await begun.promise;

    const start = performance.now();
    one.terminate();

    const last = await fetch(`${one.url}/short`);
    expect(last.headers.get('connection')).toBe('close');
    expect(await last.text()).toBe('done');
    expect(await one.untilExit()).toBe(1);
    await asking;
    // The notice, half of the other five seconds, and a quarter.
    const took = performance.now() - start;
    expect(took).toBeGreaterThan(1000 + 2500 + 1250 - 50);
    expect(one.log.entries).toContainEqual({
      level: 'info',
      message: 'shut down',
      details: { ms: expect.any(Number), failed: ['requests'] },
    });
    const { rows } = await database.pool.query(
      `select due_at < now() + interval '10 s' as "isDue" from jobs`,
    );
    expect(rows).toEqual([{ isDue: true }]);
  },
);

failure(
  'More jobs and requests come than the pool has connections',
  {
    symptom:
      'Five jobs run at once, and requests have the other five connections; `/readyz` stays 200',
    defence: 'open-in-order',
    remains:
      'The sixth request waits for a connection, and is refused after five seconds',
  },
  async () => {
    await using database = await openDatabase();
    await applyMigrations(describeShop(database));
    await database.pool.query(
      `insert into jobs (kind, payload, due_at, max_attempts)
       select 'hold', '{}', now(), 20
       from generate_series(1, 12)`,
    );
    const free = Promise.withResolvers<void>();
    let holding = 0;
    const one = await startHere(database, {
      create({ pool }) {
        async function hold() {
          const client = await pool.connect();
          holding += 1;
          await free.promise;
          client.release();
        }
        return {
          app: (_request, response) =>
            void hold().then(() => response.end('done')),
          handlers: { hold },
        };
      },
    });
    await waitUntil('five jobs run', () => holding === 5);
    expect(await countRows(database, 'jobs where attempts > 0')).toBe(
      5,
    );
    const asking = Array.from({ length: 5 }, () => fetch(one.url));
    await waitUntil('five requests run', () => holding === 10);

    await waitUntil('it is ready', async () => {
      const { status } = await fetch(`${one.url}/readyz`);
      return status === 200;
    });
    free.resolve();
    for (const { status } of await Promise.all(asking))
      expect(status).toBe(200);
    await waitUntil(
      'all is done',
      async () => !(await countRows(database, 'jobs')),
    );
    one.terminate();
    expect(await one.untilExit()).toBe(0);
  },
);

failure(
  'The process is killed with kill -9 while jobs are under way',
  {
    symptom:
      'No job is lost: each is done by another instance when its lease ends, after 75 seconds',
    defence: 'place-and-confirm',
    remains:
      'A job may be done twice in the world outside, such as a mail: give that call an idempotency key',
  },
  async () => {
    await using database = await openDatabase();
    await using one = await startInstance(database.url, {});
    for (let order = 1; order <= 5; order += 1)
      await placeOrder(one.send);
    await untilConfirmed(database, 5);
    const locked = await beginJobs(database);
    await untilWaiting(database.pool, 5);

    await one.kill('SIGKILL');

    await locked.unlock();
    await using _ = await startInstance(database.url, {});
    await makeJobsDue(database);
    await untilConfirmed(database, 5);
  },
);

failure(
  'The database goes away, and comes back',
  {
    symptom:
      'Readiness turns 503 and liveness stays 200; an order is answered with 503 and `retry-after`; then the service works again, including the worker',
    defence: 'translate-errors',
    remains:
      'A request whose connection is cut gets 500, and its order may be there. A start needs the database: without it, the process ends with exit code 1',
  },
  async () => {
    await using database = await openDatabase();
    const url = new URL(database.url);
    const port = Number(url.port);
    await using proxy = await startTcpProxy(port);
    url.port = `${proxy.port}`;
    await using one = await startInstance(url.href, {});

    proxy.pointTo(await findFreePort());
    proxy.cut();
    await one.becomes(503);
    expect(await one.probe('/livez')).toBe(200);
    const body = { customer: 'Ada', cents: 4200 };
    const answer = await one.send('POST', '/orders', { body });
    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ code: 'no_connection' });
    expect(answer.headers.get('retry-after')).toBe('1');

    proxy.pointTo(port);
    await one.becomes(200);
    const { pool } = database;
    const locked = await lockTable(pool, 'orders', 'exclusive');
    const waited = await one.send('POST', '/orders', { body });
    await locked.unlock();
    expect(waited.status).toBe(503);
    expect(waited.body).toMatchObject({ code: 'locked' });
    await placeOrder(one.send);
    await untilConfirmed(database, 1);
  },
);

test('An error is thrown that nothing catches: the request under way is answered, and the exit code is 1', async () => {
  await using database = await openDatabase();
  const begun = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const one = await startHere(database, {
    create: () => ({
      app(_request, response) {
        begun.resolve();
        void answer.promise.then(() => response.end('done'));
      },
      handlers: {},
    }),
  });
  const asking = fetch(one.url);
  await begun.promise;

  one.crash(new Error('a bug'));

  expect(one.log.entries.map(({ message }) => message)).toContain(
    'process ends',
  );
  answer.resolve();
  expect(await (await asking).text()).toBe('done');
  expect(await one.untilExit()).toBe(1);
  one.terminate(); // this process goes on
  expect(await one.untilExit()).toBe(0);
});

it('purges dead jobs after 30 days, and is not ready while its worker cannot claim', async () => {
  await using database = await openDatabase();
  await applyMigrations(describeShop(database));
  await database.pool.query(
    `insert into dead_jobs (
       id, kind, payload, attempts, max_attempts, last_error,
       created_at, died_at
     )
     select id, 'confirm-order', '{}', 1, 1, 'a bug',
            now(), now() - make_interval(days => id)
     from unnest(array[29, 31]) as id`,
  );

  const one = await startHere(database, {
    create: () => ({
      app: (_request, response) => void response.end('done'),
      handlers: { 'confirm-order': async () => {} },
    }),
  });
  await waitUntil(
    'the old one is gone',
    async () => (await countRows(database, 'dead_jobs')) === 1,
  );
  await waitUntil('its worker is watched', () =>
    one.log.entries.some(
      ({ details }) => JSON.stringify(details) === '{"check":"jobs"}',
    ),
  );
  one.terminate();
  expect(await one.untilExit()).toBe(0);
  expect(await countRows(database, 'dead_jobs where id = 29')).toBe(1);
});

it('fails with EADDRINUSE before it migrates when its port is taken', async () => {
  await using database = await openDatabase();
  await using other = await listen((_request, response) => {
    response.end();
  });
  const port = Number(new URL(other.url).port);

  await expect(startHere(database, { port })).rejects.toThrow(
    'EADDRINUSE',
  );

  expect(await countRows(database, TABLES)).toBe(0);
});

it('listens on its own address only, and closes all connections before it ends', async () => {
  await using database = await openDatabase();
  const one = await startHere(database, {
    create: ({ pool }) => ({
      async app(_request, response) {
        await pool.query('select 1');
        response.end('done');
      },
      handlers: {},
    }),
  });
  const answer = await fetch(one.url);
  expect(await answer.text()).toBe('done');
  expect(answer.headers.get('keep-alive')).toBe('timeout=65');
  const elsewhere = fetch(`http://127.0.0.2:${one.port}/`, {
    signal: AbortSignal.timeout(5000),
  });
  await expect(elsewhere).rejects.toThrow('fetch failed');
  await waitUntil('the database is watched', () =>
    one.log.entries.some(
      ({ level, message, details }) =>
        level === 'info' &&
        message === 'a check succeeds' &&
        JSON.stringify(details) === '{"check":"database"}',
    ),
  );
  expect(await countConnections(database, POOLED)).toBeGreaterThan(1);
  await waitUntil(
    'it listens',
    async () => (await countConnections(database, LISTENING)) === 1,
  );

  one.terminate();
  expect(await one.untilExit()).toBe(0);

  expect(await countConnections(database, POOLED)).toBe(0);
  await waitUntil(
    'nobody listens',
    async () => (await countConnections(database, LISTENING)) === 0,
  );
});

it('answers each mistake of a caller with a problem document, and logs it with the id of the request', async () => {
  await using database = await openDatabase();
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line) };
  const log = createLog({ output });
  const one = await startHere(database, {
    log,
    create: (parts) => ({
      app: createApp({ orders: createOrders(parts), log }),
      handlers: {},
    }),
  });
  const send = createClient(one.url);
  const ids: (string | null)[] = [];
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await send(method, path, { body });
    expect(answer.headers.get('content-type')).toBe(
      'application/problem+json',
    );
    ids.push(answer.headers.get('x-request-id'));
    return [answer.status, answer.body.code];
  };

  expect([
    await ask('POST', '/orders', { customer: '', cents: 1 }),
    await ask('POST', '/orders', { customer: 'A\0B', cents: 1 }),
    await ask('POST', '/orders', { customer: '\ud800', cents: 1 }),
    await ask('GET', '/orders/x'),
    await ask('GET', '/orders/999'),
    await ask('DELETE', '/orders'),
    await ask('GET', '/nowhere'),
  ]).toEqual([
    [400, 'invalid_request'],
    [400, 'invalid_request'],
    [400, 'invalid_request'],
    [400, 'invalid_request'],
    [404, 'no_such_order'],
    [405, 'method_not_allowed'],
    [404, 'not_found'],
  ]);
  one.terminate();
  expect(await one.untilExit()).toBe(0);
  const [line] = lines.filter((text) => text.includes('/nowhere'));
  expect(JSON.parse(`${line}`)).toMatchObject({
    message: 'request ended',
    context: { requestId: ids.at(-1) },
    details: {
      method: 'GET',
      path: '/nowhere',
      status: 404,
      sent: true,
    },
  });
});
