import { untilWaiting } from '@touchstone/kit/postgres/locks';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { runProgram } from '@touchstone/kit/programs/program';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { failure } from '@touchstone/kit/testing/failure';
import { createTestLog } from '@touchstone/kit/testing/log';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { startService } from './start-service.ts';
import { borrowProcess } from './test-process.ts';
import {
  beginFirstMigration,
  beginJobs,
  countOrders,
  launchInstance,
  listMessages,
  makeJobsDue,
  openDatabase,
  placeOrder,
  SERVE,
  startInstance,
  untilConfirmed,
} from './test-service.ts';

failure(
  'The configuration is wrong',
  {
    symptom:
      'A sentence for each variable, exit code 1, and nothing is opened',
    defence: 'settings',
    remains:
      'A value that is valid, such as the URL of another database',
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
      'A migration must suit the release that still runs: it does not wait for the old instances',
  },
  async () => {
    await using database = await openDatabase();
    const third = await beginFirstMigration(database);
    const starting = [
      startInstance(database.url, {}),
      startInstance(database.url, {}),
    ] as const;
    await untilWaiting(database.pool, 2);
    await third.commit();
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
      '`/livez` is 200, `/readyz` and requests are 503; then the process ends with exit code 0, and the migration under way is rolled back',
    defence: 'migrate-at-the-start',
    remains:
      'A concurrent index that is cut off is invalid until the next start builds it again',
  },
  async () => {
    await using database = await openDatabase();
    const other = await database.pool.connect();
    await other.query(
      `select pg_advisory_lock(hashtextextended('migrations', 0))`,
    );
    const port = await findFreePort();
    await using instance = launchInstance(database.url, {
      PORT: `${port}`,
    });
    const get = async (path: string) => {
      const url = `http://127.0.0.1:${port}${path}`;
      const answer = await fetch(url).catch(() => undefined);
      return answer?.status;
    };
    await waitUntil(
      'it lives',
      async () => (await get('/livez')) === 200,
    );
    await waitUntil('the first is applied', async () => {
      const { rows } = await database.pool.query<{ isThere: boolean }>(
        `select to_regclass('migrations') is not null as "isThere"`,
      );
      return rows[0]?.isThere === true;
    });
    expect(await get('/readyz')).toBe(503);
    expect(await get('/orders/1')).toBe(503);

    await instance.signal('SIGTERM');

    expect(await instance.ended).toBe(0);
    const { rowCount } = await database.pool.query(
      'select from migrations',
    );
    expect(rowCount).toBe(1);
    other.release(true);
  },
);

failure(
  'A migration that was applied has been edited',
  {
    symptom:
      'The process logs that it was edited, and ends with exit code 1, though it listened already',
    defence: 'listen-first',
    remains:
      'The orchestrator starts it again and again: alert on restarts',
  },
  async () => {
    await using database = await openDatabase();
    {
      await using _ = await startInstance(database.url, {});
    }
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
  },
);

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
  'A request and a job outlast the limit of the shutdown',
  {
    symptom:
      'The request is cut off, the process ends within `SHUTDOWN` with exit code 1, and the job is done by another instance',
    defence: 'open-in-order',
    remains:
      'The client sees a broken connection, so a request must be safe to repeat; the job waits until its lease ends',
  },
  async () => {
    await using database = await openDatabase();
    await using one = await startInstance(database.url, {
      SHUTDOWN: '2s',
    });
    await placeOrder(one.send);
    await untilConfirmed(database, 1);
    const locked = await beginJobs(database);
    const placing = expect(placeOrder(one.send)).rejects.toThrow(
      'fetch failed',
    );
    await untilWaiting(database.pool, 2);

    expect(await one.kill('SIGTERM')).toBe(1);

    await placing;
    await locked.unlock();
    await using _ = await startInstance(database.url, {});
    await makeJobsDue(database);
    await untilConfirmed(database, 1);
  },
);

failure(
  'A job does not end in the five seconds that it gets',
  {
    symptom:
      'It is given back: another instance does it at once, and not after 75 seconds, when its lease ends',
    defence: 'run-the-worker',
    remains: 'A handler that ignores its signal may still be running',
  },
  async () => {
    await using database = await openDatabase();
    await using one = await startInstance(database.url, {});
    await placeOrder(one.send);
    await untilConfirmed(database, 1);
    const locked = await beginJobs(database);
    await untilWaiting(database.pool);

    expect(await one.kill('SIGTERM')).toBe(0);

    await locked.unlock();
    const { rows } = await database.pool.query(
      `select due_at < now() + interval '10 s' as "isDue" from jobs`,
    );
    expect(rows).toEqual([{ isDue: true }]);
    await using _ = await startInstance(database.url, {});
    await untilConfirmed(database, 1);
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
      'Readiness turns 503 and liveness stays 200; an order is answered with 503 and `retry-after`; then all goes on, the worker too',
    defence: 'translate-errors',
    remains:
      'A start needs the database: without it, the process ends with exit code 1',
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
    await placeOrder(one.send);
    await untilConfirmed(database, 1);
  },
);

failure(
  'An error is thrown that nothing catches',
  {
    symptom:
      'The log has `process ends` with the error; the request under way is answered, and the exit code is 1',
    defence: 'listen-first',
    remains:
      'A request that takes longer than five seconds is cut off; jobs under way wait for the end of their lease',
  },
  async () => {
    await using database = await openDatabase();
    const program = borrowProcess();
    const log = createTestLog();
    const answer = Promise.withResolvers<void>();
    const port = await startService({
      name: 'shop',
      databaseUrl: database.url,
      host: '127.0.0.1',
      port: 0,
      noticeMs: 0,
      limitMs: 20_000,
      migrations: new URL('migrations/', import.meta.url),
      log,
      create: () => ({
        app(_request, response) {
          log.info('a request is under way');
          void answer.promise.then(() => response.end('done'));
        },
        handlers: {},
      }),
    });
    const asking = fetch(`http://127.0.0.1:${port}/`);
    const has = (message: string) =>
      log.entries.some((entry) => entry.message === message);
    await waitUntil('it is there', () => has('a request is under way'));

    program.crash(new Error('a bug'));

    expect(has('process ends')).toBe(true);
    answer.resolve();
    expect(await (await asking).text()).toBe('done');
    expect(await program.untilExit()).toBe(1);
    program.terminate(); // this process goes on
    expect(await program.untilExit()).toBe(0);
  },
);

it('answers each mistake of a caller with a problem document, and logs it with the id of the request', async () => {
  await using database = await openDatabase();
  await using one = await startInstance(database.url, {});
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await one.send(method, path, { body });
    expect(answer.headers.get('content-type')).toBe(
      'application/problem+json',
    );
    return [answer.status, answer.body.code];
  };

  expect([
    await ask('POST', '/orders', { customer: '', cents: 1 }),
    await ask('GET', '/orders/x'),
    await ask('GET', '/orders/999'),
    await ask('DELETE', '/orders'),
    await ask('GET', '/nowhere'),
  ]).toEqual([
    [400, 'invalid_request'],
    [400, 'invalid_request'],
    [404, 'no_such_order'],
    [405, 'method_not_allowed'],
    [404, 'not_found'],
  ]);
  await one.kill('SIGTERM');
  const lines = one
    .read()
    .output.split('\n')
    .filter((line) => line.includes('"path":"/nowhere"'));
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    {
      message: 'request ended',
      context: { requestId: expect.any(String), method: 'GET' },
      details: { status: 404, sent: true },
    },
  ]);
});
