import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { readMigrations } from './migration-files.ts';
import { createMigrator } from './migrator.ts';

// A deployment that is killed with -9 in the middle of its backfill:
// in the batch that finds a row locked.
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
});
const migrator = createMigrator({
  pool,
  migrations: readMigrations(new URL('migrations/', import.meta.url)),
  lockTimeoutMs: 50,
  pause: () => wait(1),
  log: {
    info(message) {
      if (message === 'no lock in time, trying again')
        process.kill(process.pid, 'SIGKILL');
    },
  },
});
await migrator.moveTo('0002-split-names');
await pool.end();
