import pg from 'pg';
import { expect, it } from 'vitest';
import { startPgBouncer } from './pgbouncer.ts';
import { startPostgres } from './server.ts';

it('gives one connection to Postgres to two clients in turn', async () => {
  await using server = await startPostgres();
  await using bouncer = await startPgBouncer({ databaseUrl: server.url, poolSize: 1 });
  const clients = [bouncer.url, bouncer.url].map((url) => new pg.Client(url));
  await Promise.all(clients.map((client) => client.connect()));

  const pids = [];
  for (const client of clients)
    pids.push((await client.query('select pg_backend_pid() as pid')).rows[0].pid);
  await Promise.all(clients.map((client) => client.end()));

  expect(pids[0]).toEqual(expect.any(Number));
  expect(pids[1]).toBe(pids[0]);
});

it('does not let anybody in without the password', async () => {
  await using server = await startPostgres();
  await using bouncer = await startPgBouncer({ databaseUrl: server.url, poolSize: 1 });
  const url = new URL(bouncer.url);
  url.password = 'guess';

  await expect(new pg.Client(url.href).connect()).rejects.toThrow('SASL authentication failed');
});
