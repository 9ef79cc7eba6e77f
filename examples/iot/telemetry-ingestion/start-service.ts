import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Pool } from 'pg';
import { createPool } from '../../postgres/connection-pooling/create-pool.ts';
import { startIngestion } from './ingestion.ts';
import { deleteReceivedBefore } from './retention.ts';

type Options = {
  databaseUrl: string;
  mqttPort: number;
  log: { warn: (message: string, details: object) => void };
};

const HOUR_MS = 3_600_000;
const KEEP_MS = 90 * 24 * HOUR_MS;

/** The ingestion with its pool, its socket and its retention. */
export async function startService(options: Options) {
  const { databaseUrl, mqttPort, log } = options;
  // #region wire
  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: 'ingestion',
    maxWaiting: 10_000, // devices come back all at once
    log,
  });
  const ingestion = await startIngestion({
    pool,
    clock: () => new Date(),
    log,
    perSecond: 10,
    burst: 36_000, // what a device keeps during an outage of an hour
    maxWaitingBytes: 2 ** 26,
  });
  const server = createServer(ingestion.handle); // or tls.createServer
  server.maxConnections = 10_000;
  server.listen(mqttPort, '127.0.0.1');
  await once(server, 'listening');
  const cleaning = setInterval(deleteOld, HOUR_MS, pool, log);

  async function stop() {
    clearInterval(cleaning);
    server.close();
    await ingestion[Symbol.asyncDispose]();
    await pool.end();
  }
  // #endregion wire
  return { ...ingestion, pool, stop };
}

async function deleteOld(pool: Pool, log: Options['log']) {
  const before = new Date(Date.now() - KEEP_MS);
  try {
    while ((await deleteReceivedBefore(pool, before)) > 0);
  } catch (error) {
    log.warn('old readings cannot be deleted', { error });
  }
}
