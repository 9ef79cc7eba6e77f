import { createServer, type RequestListener } from 'node:http';
import { readEnvironment } from '@touchstone/kit/environment';
import { openDatabase } from '@touchstone/kit/postgres';
import pg from 'pg';
import { z } from 'zod';
import { createApp } from './app.ts';
import { createDrain } from './drain-server.ts';
import { startHealth } from './health.ts';
import { prepareShutdown } from './shutdown.ts';

const milliseconds = z.coerce.number().int().min(0).max(60_000);
const settings = readEnvironment(
  z.object({
    DATABASE_URL: z.url().optional(),
    PORT: z.coerce.number().int().min(0).max(65535).default(3000),
    NOTICE_MS: milliseconds.default(5000),
    LIMIT_MS: milliseconds.default(25_000),
  }),
);

// #region wire
const server = createServer({ keepAliveTimeout: 65_000 });
const health = startHealth({ log: console, everyMs: 1000 });
const drain = createDrain(server);
const shutdown = prepareShutdown({
  log: console,
  noticeMs: settings.NOTICE_MS,
  limitMs: settings.LIMIT_MS,
  announce() {
    health.drain();
    drain.sayGoodbye();
  },
});
const whileStarting: RequestListener = (_request, response) =>
  void response.writeHead(503).end();
let app = whileStarting;
server.on('request', (request, response) => {
  if (!health.answer(request, response)) app(request, response);
});
server.listen(settings.PORT, '127.0.0.1', sayWhere);

const database = await openShopDatabase();
const close = () => database[Symbol.asyncDispose]();
shutdown.add({ name: 'database', limitMs: 5000, close });
const probe = openProbe(database.url);
shutdown.add({
  name: 'probe',
  limitMs: 1000,
  close: () => probe.end(),
});
health.watch('database', () => probe.query('select 1'));
app = createApp({ pool: database.pool });
// Added last, closed first: requests need the database.
shutdown.add({ name: 'requests', limitMs: 10_000, close: drain.close });
health.finishStart();
// #endregion wire

function sayWhere() {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  console.log(`listening on http://127.0.0.1:${port}`);
}

function openShopDatabase() {
  return openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
}

/** A connection of the probe's own: a busy pool is no outage. */
function openProbe(connectionString: string) {
  const pool = new pg.Pool({
    connectionString,
    max: 1,
    connectionTimeoutMillis: 1000,
    query_timeout: 1000,
  });
  pool.on('error', (error) => console.warn('probe:', error.message));
  return pool;
}
