import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startRedis } from '@touchstone/kit/redis/redis';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';
import {
  createBetterAuthApp,
  createExpressSessionApp,
  createPatternApp,
  createPgStore,
} from './bench-apps.ts';
import { logIn, readMe } from './bench-client.ts';
import { createPostgresSessions } from './postgres-sessions.ts';
import { createRedisSessions } from './redis-sessions.ts';

const LOAD = { clients: 8, seconds: 2 };

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
  durable: true,
});
// Better Auth has a table `session` too.
await using other = await freshDatabase({
  schema: new URL(
    'table.sql',
    import.meta.resolve('connect-pg-simple'),
  ),
  durable: true,
});
// As durable as a session store in Redis usually is: within a second.
await using redis = await startRedis(['--appendonly', 'yes']);
const client = createClient({ url: redis.url });
client.on('error', () => {}); // the load fails where it is used
await client.connect();
const { pool } = database;
const { rows: users } = await pool.query<{ id: string }>(
  `insert into users (email)
   select 'user' || n || '@example.com' from generate_series(1, 1000) n
   returning id`,
);

const inPostgres = createPostgresSessions({ pool });
const inRedis = createRedisSessions({
  send: (command) => client.sendCommand(command),
});
await using pattern = await listen(createPatternApp(inPostgres));
await using patternInRedis = await listen(createPatternApp(inRedis));
await using touched = await listen(
  createExpressSessionApp(createPgStore(other.pool, false)),
);
await using untouched = await listen(
  createExpressSessionApp(createPgStore(other.pool, true)),
);
const redisStore = new RedisStore({ client, disableTouch: true });
await using connectRedis = await listen(
  createExpressSessionApp(redisStore),
);
await using better = await listen(await createBetterAuthApp(pool));

const express = 'express-session + ';
const contenders = [
  {
    name: `${express}connect-pg-simple (naive)`,
    server: touched,
    note: 'its defaults: each request writes the new end',
  },
  {
    name: `${express}connect-pg-simple, disableTouch`,
    server: untouched,
    note: 'ends 7 days after the login, used or not',
  },
  { name: 'this pattern, in Redis', server: patternInRedis },
  {
    name: `${express}connect-redis, disableTouch`,
    server: connectRedis,
    note: 'ends 7 days after the login, used or not',
  },
];

const requests = await compare({
  title: `Requests with a session, ${LOAD.clients} clients at once`,
  unit: 'requests/s',
  better: 'higher',
  contenders: [
    { name: 'this pattern', measure: measureRequests(pattern) },
    ...contenders.map(({ server, ...about }) => {
      return { ...about, measure: measureRequests(server) };
    }),
    {
      name: 'better-auth',
      note: 'without its cookie cache, so that a logout counts at once',
      measure: measureRequests(better),
    },
  ],
});
const logins = await compare({
  title: `Logins, ${LOAD.clients} clients at once`,
  unit: 'logins/s',
  better: 'higher',
  contenders: [
    { name: 'this pattern', measure: measureLogins(pattern) },
    ...contenders.map(({ name, server }) => {
      return { name, measure: measureLogins(server) };
    }),
  ],
});
const { rows } = await pool.query('show server_version');
const info = await client.info('server');
const redisVersion = /redis_version:(\S+)/.exec(info)?.[1];
client.destroy();
writeBench(new URL('bench.json', import.meta.url), {
  id: 'auth/session-management',
  software: `PostgreSQL ${rows[0].server_version}, Redis ${redisVersion}`,
  tables: [requests, logins],
});

function measureRequests({ url }: { url: string }) {
  return async () => {
    const cookies = await Promise.all(
      Array.from({ length: LOAD.clients }, () => logIn(url, pick())),
    );
    return operationsPerSecond(LOAD, (client) =>
      readMe(url, `${cookies[client]}`),
    );
  };
}

function measureLogins({ url }: { url: string }) {
  return () => operationsPerSecond(LOAD, () => logIn(url, pick()));
}

function pick(): string {
  return `${users[Math.floor(Math.random() * users.length)]?.id}`;
}
