import { Pool } from 'pg';

type Log = { error: (message: string, details: object) => void };

// #region create-pool
/** Waits neither for a connection nor for a server for ever. */
export function createPool(connectionString: string, log: Log): Pool {
  const pool = new Pool({
    connectionString,
    max: 10,
    connectionTimeoutMillis: 5000,
    keepAlive: true,
  });
  // An idle connection that breaks would end the process.
  pool.on('error', (error) => log.error('connection lost', { error }));
  return pool;
}
// #endregion create-pool
