import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  freshDatabase,
  openPool,
} from '@touchstone/kit/postgres/database';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { createNaiveServer } from './naive.ts';
import {
  deployUnderLoad,
  probeWithoutDatabase,
} from './naive-failures.ts';
import { createOrders } from './orders.ts';

it('shows how the naive way fails: the probe of a healthy process asks for a restart, and tells a stranger why', async () => {
  const { before, statuses, body } = await probeWithoutDatabase();

  expect(before).toBe(200);
  expect(statuses).toEqual([503, 503, 503]);
  expect(body).toContain('127.0.0.1');
});

it('shows how the naive way fails: a deploy loses orders', async () => {
  const { placed, failed } = await deployUnderLoad();

  expect(placed).toBeGreaterThan(0);
  expect(Object.keys(failed)).not.toEqual([]);
});

it('shows how the naive way fails: an order between two statements finds its pool closed', async () => {
  const schema = new URL('schema.sql', import.meta.url);
  await using database = await freshDatabase({ schema });
  const { pool } = openPool(database.url);
  const exited = Promise.withResolvers<number>();
  const runtime = Object.assign(new EventEmitter(), {
    exit: exited.resolve,
  });
  const server = createNaiveServer(
    pool,
    createOrders({ pool }),
    runtime,
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  expect(await (await fetch(`${url}/health`)).text()).toBe('ok');
  const order = fetch(url, { method: 'POST' });
  await waitUntil(
    'it is under way',
    () => pool.totalCount > pool.idleCount,
  );

  runtime.emit('SIGTERM');

  expect((await order).status).toBe(500);
  expect(await exited.promise).toBe(0);
  const gone = createNaiveServer(pool, createOrders({ pool }), runtime);
  gone.listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port: other } = gone.address() as AddressInfo;
  const probe = await fetch(`http://127.0.0.1:${other}/health`);
  expect([probe.status, await probe.text()]).toEqual([
    503,
    expect.stringContaining('pool'),
  ]);
  gone.close();
  gone.closeAllConnections();
});
