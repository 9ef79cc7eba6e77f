import { Pool } from 'pg';
import {
  createNewRelease,
  createOldRelease,
  type ReleaseName,
} from './releases.ts';

/** Both releases at once, each with a pool of its own. */
export function openReleases(databaseUrl: string) {
  const old = openPool(databaseUrl, 'old');
  const fresh = openPool(databaseUrl, 'new');

  async function stop(name: ReleaseName) {
    const pool = name === 'old' ? old : fresh;
    if (!pool.ending) await pool.end();
  }

  return {
    old: createOldRelease(old),
    fresh: createNewRelease(fresh),
    stop,
  };
}

/** It tells Postgres its name, and stays connected: `require_stopped` looks for it. */
function openPool(connectionString: string, release: ReleaseName) {
  const pool = new Pool({
    connectionString,
    application_name: `users ${release}`,
    max: 5,
    min: 1,
    connectionTimeoutMillis: 5000,
  });
  pool.on('error', (error) => console.error(error.message));
  return pool;
}
