import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import {
  createNaiveApp,
  createPatternApp,
  createSessionApp,
} from './bench-apps.ts';
import { call, type Login } from './bench-client.ts';

const LOAD = { clients: 8, seconds: 2 };

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
  durable: true,
});
const { pool } = database;
const { rows: users } = await pool.query<{ id: string }>(
  `insert into users (email)
   select 'user' || n || '@example.com' from generate_series(1, 1000) n
   returning id`,
);
await using pattern = await listen(createPatternApp(pool));
await using naive = await listen(createNaiveApp());
await using sessions = await listen(createSessionApp(pool));

const tables = [
  await compareBy('Logins', 'logins/s', ({ url }) => async () => {
    await login(url);
  }),
  await compareBy('Refreshes', 'refreshes/s', async ({ url }) => {
    const clients = await loginAll(url);
    return async (client) => {
      clients[client] = await call(url, '/refresh', clients[client]);
    };
  }),
  await compareBy('API requests', 'requests/s', async ({ url }) => {
    const clients = await loginAll(url);
    return async (client) => {
      await call(url, '/me', clients[client]);
    };
  }),
];
const { rows } = await pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'auth/refresh-token-rotation',
  software: `PostgreSQL ${rows[0].server_version}`,
  tables,
});

type Operation = (client: number) => Promise<void>;
type Prepare = (server: {
  url: string;
}) => Operation | Promise<Operation>;

function compareBy(title: string, unit: string, prepare: Prepare) {
  const measureAt = (server: { url: string }) => async () =>
    operationsPerSecond(LOAD, await prepare(server));
  return compare({
    title: `${title}, ${LOAD.clients} clients at once`,
    unit,
    better: 'higher',
    contenders: [
      { name: 'this pattern', measure: measureAt(pattern) },
      {
        name: 'JWT only (naive)',
        measure: measureAt(naive),
        note: 'keeps nothing, so it cannot end a login',
      },
      {
        name: 'express-session + connect-pg-simple',
        measure: measureAt(sessions),
        note: 'reads Postgres at each request',
      },
    ],
  });
}

function loginAll(url: string): Promise<Login[]> {
  return Promise.all(
    Array.from({ length: LOAD.clients }, () => login(url)),
  );
}

function login(url: string): Promise<Login> {
  const user = users[Math.floor(Math.random() * users.length)];
  return call(url, '/login', {}, { userId: user?.id });
}
