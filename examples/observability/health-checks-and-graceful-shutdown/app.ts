import { createServer, type RequestListener } from 'node:http';
import { Pool } from 'pg';
import { createDrain } from './drain-server.ts';
import { startHealth } from './health.ts';
import { createOrders } from './orders.ts';
import { prepareShutdown } from './shutdown.ts';

type Settings = Omit<
  Parameters<typeof prepareShutdown>[0],
  'announce' | 'log'
> & {
  port: number;
  openDatabase: () => Promise<{ pool: Pool; url: string }>;
};

/** Starts the shop; it ends at SIGTERM. */
export async function startShop(settings: Settings) {
  const { port, openDatabase, ...times } = settings;
  // #region wire
  // Longer than the balancer keeps an idle connection.
  const server = createServer({ keepAliveTimeout: 65_000 });
  const health = startHealth({ log: console });
  const drain = createDrain(server);
  const announce = () => {
    health.drain();
    drain.sayGoodbye();
  };
  const stop = prepareShutdown({ ...times, announce, log: console });

  let app: RequestListener = answerTooEarly;
  server.on('request', (request, response) => {
    if (!health.answer(request, response)) app(request, response);
  });
  server.listen(port, '127.0.0.1');

  const { pool, url } = await openDatabase();
  stop.add({ name: 'pool', limitMs: 5000, close: () => pool.end() });
  // A connection of its own: a busy pool is not an outage.
  const probe = new Pool({
    connectionString: url,
    max: 1,
    connectionTimeoutMillis: 1000,
    query_timeout: 1000,
  });
  probe.on('error', (error) => console.warn('probe', error.message));
  stop.add({ name: 'probe', limitMs: 1000, close: () => probe.end() });
  health.watch('database', () => probe.query('select 1'));
  app = createOrders({ pool });
  // Added last, closed first: requests need the pool.
  stop.add({ name: 'requests', limitMs: 10_000, close: drain.close });
  health.finishStart();
  // #endregion wire
}

const answerTooEarly: RequestListener = (_request, response) =>
  void response.writeHead(503, { 'retry-after': '1' }).end();
