import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { noteEvidence } from '@touchstone/kit/testing/evidence';
import type { Pool } from 'pg';
import type { VersionName } from './app-version.ts';
import type { MigratorOptions } from './migrator.ts';
import { fillUsers } from './roll-out.ts';
import { createService } from './service.ts';
import { createClient } from './test-client.ts';

/** The tables of the old version. */
export const SCHEMA = new URL('schema.sql', import.meta.url);

type Options = Partial<
  Omit<MigratorOptions, 'pool' | 'log' | 'review' | 'migrations'>
> & {
  users?: number;
  running?: VersionName[];
};

/** The app on a socket, on a database of its own with a few users. */
export async function startTestApp(options: Options = {}) {
  const database = await freshDatabase({ schema: SCHEMA });
  const { pool, url } = database;
  const { users = 250, running = ['old'], ...rest } = options;
  await fillUsers(pool, users);
  const log = createTestLog();
  const ended = new AbortController();
  const service = await createService({
    ...{ pool, log, running },
    pause: () => wait(5, undefined, { signal: ended.signal }),
    ...rest,
  });
  const server = await listen(service.app);

  async function dispose() {
    ended.abort(); // what a failed test has left under way
    await server[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }

  return {
    ...service,
    ...createClient(server.url),
    ...{ pool, log, databaseUrl: url },
    [Symbol.asyncDispose]: dispose,
  };
}

/** Pauses are as short as they can be, and other things still happen in them. */
export const hasten = () => wait(5);

/** Keeps what is logged, and tells the proof which files were applied. */
export function createTestLog() {
  const lines: { message: string; details: object }[] = [];
  return {
    lines,
    count: (message: string) =>
      lines.filter((line) => line.message === message).length,
    /** Whether so many lines, or more, have details like these. */
    told: (pattern: RegExp, times: number) =>
      lines.filter(({ details }) =>
        pattern.test(JSON.stringify(details)),
      ).length >= times,
    info(message: string, details: object) {
      lines.push({ message, details });
      if ('way' in details) noteApplied({ name: '', ...details });
    },
    error: console.error,
  };
}

function noteApplied({ name, way }: { name: string; way: unknown }) {
  for (const kind of ['', '.backfill']) {
    const path = `migrations/${name}.${way}${kind}.sql`;
    const file = new URL(path, import.meta.url);
    if (existsSync(file)) noteEvidence('applied', file);
  }
}

/** A report that reads the table in a transaction, and takes its time. */
export function openReport(pool: Pool) {
  return begin(pool, 'select count(*) from users');
}

/** Holds the lock of a row until it is let go. */
export function lockUser(pool: Pool, id: number) {
  return begin(pool, `select from users where id = ${id} for update`);
}

/** A transaction that stays open until it is ended, at the latest with the test. */
export async function begin(pool: Pool, text: string) {
  const client = await pool.connect();
  let isOpen = true;
  await client.query(`begin; ${text}`);
  async function end() {
    if (!isOpen) return;
    isOpen = false;
    await client.query('rollback');
    client.release();
  }
  return { client, end, [Symbol.asyncDispose]: end };
}

/** The answer of a query that has one row and one column. */
export async function ask<T>(pool: Pool, text: string): Promise<T> {
  const { rows } = await pool.query({ text, rowMode: 'array' });
  return rows[0]?.[0];
}

/** Ends the connection that waits for a lock, once one does. */
export async function terminateWaiting(pool: Pool): Promise<boolean> {
  const ended = await ask<number>(
    pool,
    `select count(pg_terminate_backend(pid))::int
     from pg_stat_activity
     where datname = current_database()
       and wait_event_type = 'Lock'`,
  );
  return ended > 0;
}

/** Whether a connection waits for a lock. */
export async function isWaiting(pool: Pool): Promise<boolean> {
  const waiting = await ask<number>(
    pool,
    `select count(*)::int
     from pg_stat_activity
     where datname = current_database()
       and wait_event_type = 'Lock'`,
  );
  return waiting > 0;
}
