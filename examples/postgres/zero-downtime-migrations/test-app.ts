import { setTimeout as wait } from 'node:timers/promises';
import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createClient } from '@touchstone/kit/testing/client';
import { noteEvidence } from '@touchstone/kit/testing/evidence';
import { createTestLog } from '@touchstone/kit/testing/log';
import { createApp } from './app.ts';
import { fillUsers } from './fill-users.ts';
import { type Migration, readMigrations } from './migration-files.ts';
import { createMigrator, type MigratorOptions } from './migrator.ts';
import { openReleases } from './open-releases.ts';

export const SCHEMA = new URL('schema.sql', import.meta.url);
export const FOLDER = new URL('migrations/', import.meta.url);

type Options = Partial<MigratorOptions> & { users?: number };

/** Both releases on a socket, and a migrator, on a database of their own. */
export async function startTestApp(options: Options = {}) {
  const { users = 250, ...rest } = options;
  await using stack = new AsyncDisposableStack();
  const { pool, url } = stack.use(
    await freshDatabase({ schema: SCHEMA }),
  );
  await fillUsers(pool, users);
  const migrations = readMigrations(FOLDER);
  const log = createMigrationLog(migrations);
  const ended = new AbortController();
  stack.defer(() => ended.abort());
  const releases = openReleases(url);
  stack.defer(() => releases.stop('old'));
  stack.defer(() => releases.stop('new'));
  const server = stack.use(await listen(createApp(releases, log)));

  const common = { pool, log, migrations, pause: hasten };
  const create = (other: Partial<MigratorOptions> = {}) =>
    createMigrator({
      signal: ended.signal,
      ...common,
      ...rest,
      ...other,
    });
  const owned = stack.move();
  return {
    pool,
    databaseUrl: url,
    log,
    migrations,
    releases,
    send: createClient(server.url),
    createMigrator: create,
    moveTo: create().moveTo,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Pauses are short, and other things still happen in them. */
export function hasten(_milliseconds: number, signal?: AbortSignal) {
  return wait(5, undefined, { signal });
}

/** Keeps what is logged, and tells the proof which files were applied. */
export function createMigrationLog(migrations: Migration[]) {
  const log = createTestLog();
  function info(message: string, details: object) {
    log.info(message, details);
    if (message !== 'migrated') return;
    for (const { name, up, down } of migrations) {
      const text = JSON.stringify(details);
      if (up && text.includes(`"${name}.up"`)) note(up.file);
      if (down && text.includes(`"${name}.down"`)) note(down.file);
    }
  }
  /** How many lines have this message, and details like these. */
  function count(message: string, details = /^/) {
    return log.entries.filter(
      (entry) =>
        entry.message === message &&
        details.test(JSON.stringify(entry.details)),
    ).length;
  }
  return { ...log, info, count };
}

function note(file: string) {
  noteEvidence('applied', new URL(file, FOLDER));
}
