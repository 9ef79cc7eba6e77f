import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { createService } from './service.ts';

// A deployment that is killed with -9 in the middle of its backfill:
// in the batch that finds a row locked.
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
});
const { migrator } = await createService({
  pool,
  running: ['old'],
  lockTimeoutMs: 50,
  pause: () => wait(1),
  log: {
    info(message) {
      if (message === 'no lock in time, trying again')
        process.kill(process.pid, 'SIGKILL');
    },
    error: console.error,
  },
});
await migrator.moveTo('0002-split-names');
await pool.end();
