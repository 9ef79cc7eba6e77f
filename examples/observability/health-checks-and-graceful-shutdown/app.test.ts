import { EventEmitter } from 'node:events';
import {
  freshDatabase,
  openPool,
} from '@touchstone/kit/postgres/database';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it, vi } from 'vitest';
import { startShop } from './app.ts';
import { createGate, probe } from './test-process.ts';

const schema = new URL('schema.sql', import.meta.url);

it('answers probes during the start, takes orders, and lets one under way finish at SIGTERM', async () => {
  await using database = await freshDatabase({ schema });
  const { pool, url: databaseUrl } = openPool(database.url);
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const signals = new EventEmitter();
  const exited = Promise.withResolvers<number>();
  const gate = createGate();

  const starting = startShop({
    port,
    noticeMs: 0,
    limitMs: 30_000,
    signals,
    exit: exited.resolve,
    async openDatabase() {
      await gate.opened;
      return { pool, url: databaseUrl };
    },
  });
  await waitUntil('it listens', () =>
    fetch(`${url}/livez`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  expect(await probe(url)).toEqual([200, 503, 503]);
  expect((await fetch(url, { method: 'POST' })).status).toBe(503);
  gate.open();
  await starting;
  await waitUntil(
    'it is ready',
    async () => (await fetch(`${url}/readyz`)).ok,
  );

  const warn = vi.spyOn(console, 'warn');
  await waitUntil('the end of its connection is logged', async () => {
    await database.pool.query(
      `select pg_terminate_backend(pid)
       from pg_stat_activity
       where datname = current_database()
         and query = 'select 1'`,
    );
    return warn.mock.calls.length > 0;
  });
  warn.mockRestore();
  const order = fetch(url, { method: 'POST' });
  await waitUntil(
    'it is under way',
    () => pool.totalCount > pool.idleCount,
  );

  signals.emit('SIGTERM');

  const { status, headers } = await order;
  expect([status, headers.get('connection')]).toEqual([201, 'close']);
  expect(await exited.promise).toBe(0);
  expect(pool.ended).toBe(true);
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});
