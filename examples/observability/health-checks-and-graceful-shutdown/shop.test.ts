import { EventEmitter } from 'node:events';
import { findFreePort } from '@touchstone/kit/free-port';
import { freshDatabase, openPool } from '@touchstone/kit/postgres';
import { waitUntil } from '@touchstone/kit/wait';
import { expect, it } from 'vitest';
import { startShop } from './shop.ts';
import { createGate } from './test-process.ts';

const schema = new URL('schema.sql', import.meta.url);

it('answers probes during the start, takes orders, and ends in order at SIGTERM', async () => {
  await using database = await freshDatabase({ schema });
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
      return openPool(database.url);
    },
  });
  await waitUntil('it listens', () =>
    fetch(`${url}/livez`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  expect((await fetch(`${url}/startupz`)).status).toBe(503);
  expect((await fetch(url, { method: 'POST' })).status).toBe(503);
  gate.open();
  await starting;
  await waitUntil(
    'it is ready',
    async () => (await fetch(`${url}/readyz`)).ok,
  );
  expect((await fetch(url, { method: 'POST' })).status).toBe(201);

  signals.emit('SIGTERM');

  expect(await exited.promise).toBe(0);
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});
