import { listen } from '@touchstone/kit/app/http';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { createApp } from './app.ts';
import { createItems } from './items.ts';
import { PoolError } from './pool-error.ts';
import { serve } from './serve.ts';
import { startDatabase, startPool } from './test-pool.ts';

const log = { error: () => {} };

async function startApp() {
  const database = await startDatabase();
  await database.pool.query(`insert into items values (1, 'kettle')`);
  const started = startPool(database.url, { max: 1, maxWaiting: 1 });
  const { pool } = started;
  const app = createApp({ items: createItems({ pool }), pool, log });
  const server = await listen(app);
  return {
    pool,
    get: (path: string) => fetch(`${server.url}${path}`),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await started[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

it('answers with an item, or 404', async () => {
  await using app = await startApp();
  const found = await app.get('/items/1');
  expect(await found.json()).toEqual({ id: 1, name: 'kettle' });
  expect((await app.get('/items/2')).status).toBe(404);
});

it('answers 503 and when to come back when too many wait', async () => {
  await using app = await startApp();
  const held = await app.pool.connect();
  const waiting = app.pool.connect();
  const refused = await app.get('/items/1');
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.json()).toMatchObject({ code: 'queue_full' });
  const gauges = await app.get('/pool');
  expect(await gauges.json()).toEqual({
    totalCount: 1,
    idleCount: 0,
    waitingCount: 1,
    refused: 1,
  });
  held.release();
  (await waiting).release();
});

it('does not ask to come back when the statement may have run', async () => {
  await using app = await startApp();
  app.pool.on('acquire', ({ connection }) => {
    connection.stream.destroy(new PoolError('no_answer'));
  });
  const answer = await app.get('/items/1');
  expect(answer.status).toBe(500);
  expect(answer.headers.get('retry-after')).toBeNull();
});

it('serves until it is stopped, and leaves no connection', async () => {
  await using database = await startDatabase();
  const { promise: stopped, resolve: stop } =
    Promise.withResolvers<void>();
  const { promise: listening, resolve } =
    Promise.withResolvers<string>();
  const served = serve({
    databaseUrl: database.url,
    port: 0,
    processes: 2,
    stopped,
    log: { info: resolve, warn: () => {}, error: () => {} },
  });

  const [url] = /http.*/.exec(await listening) ?? [];
  expect((await fetch(`${url}/items/1`)).status).toBe(404);
  stop();
  await served;

  await waitUntil('Postgres has seen it leave', async () => {
    const { rowCount } = await database.pool.query(
      `select
       from pg_stat_activity
       where application_name = 'stock'
         and datname = current_database()`,
    );
    return rowCount === 0;
  });
});
