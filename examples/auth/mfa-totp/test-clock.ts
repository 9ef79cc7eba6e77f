import {
  type Database,
  openPool,
} from '@touchstone/kit/postgres/database';
import type { Pool } from 'pg';

/** A clock of Postgres that only a test moves: its `now()` comes first in the search path. */
export async function stopClock(pool: Pool) {
  await pool.query(
    `create schema clock;
     create table clock.time (at timestamptz not null);
     insert into clock.time
     values (date_bin('30 seconds', pg_catalog.now(), 'epoch') + interval '10 seconds');
     create function clock.now() returns timestamptz
     language sql stable
     return (select at from clock.time);`,
  );
  const { rows } = await pool.query<{ at: Date }>(
    'select at from clock.time',
  );
  let time = rows[0]?.at.getTime() ?? 0;

  /** One more pool, as an instance of the app has it. */
  function openStopped(url: string): Database {
    return openPool(url, {
      options: '-c search_path=clock,public,pg_catalog',
    });
  }

  /** Of the database and of the apps. */
  async function wait(seconds: number): Promise<void> {
    await pool.query(
      'update clock.time set at = at + make_interval(secs => $1)',
      [seconds],
    );
    time += seconds * 1000;
  }

  return { openStopped, wait, now: () => new Date(time) };
}
