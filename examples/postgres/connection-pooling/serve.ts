import { listen } from '@touchstone/kit/app/http';
import { createApp } from './app.ts';
import { checkPool } from './check-pool.ts';
import { createPool } from './create-pool.ts';
import { createItems } from './items.ts';

type Log = {
  info: (message: string) => void;
  warn: (message: string, details: object) => void;
  error: (message: string, details: object) => void;
};

type ServeOptions = {
  databaseUrl: string;
  port: number;
  /** How many processes like this one run at once, deployments included. */
  processes: number;
  stopped: Promise<unknown>;
  log: Log;
};

/** Serves until it is stopped, and then ends in bounded time. */
export async function serve(options: ServeOptions): Promise<void> {
  const { databaseUrl, port, processes, stopped, log } = options;
  // #region wire
  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: 'stock',
    max: 2,
    maxWaiting: 4,
    log,
  });
  try {
    const connections = processes * pool.options.max;
    await checkPool(pool, { connections });
    const items = createItems({ pool });
    await using server = await listen(createApp({ items, pool, log }), {
      port,
    });
    log.info(`listening on ${server.url}`);
    await stopped;
  } finally {
    // After the last request: in bounded time, whatever is in use.
    await pool.end();
  }
  // #endregion wire
}
