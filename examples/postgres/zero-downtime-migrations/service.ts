import type { Pool } from 'pg';
import { createApp } from './app.ts';
import {
  createNewVersion,
  createOldVersion,
  type VersionName,
} from './app-version.ts';
import { createLagBrake, createLatencyBrake } from './brakes.ts';
import { createLatencyWindow } from './latency-window.ts';
import { lintMigrations } from './lint-migrations.ts';
import type { Direction, Migration } from './migration.ts';
import { readMigrations } from './migration-files.ts';
import { createMigrator, type MigratorOptions } from './migrator.ts';

type ServiceOptions = Omit<
  MigratorOptions,
  'migrations' | 'review' | 'log'
> & {
  running: VersionName[];
  log: MigratorOptions['log'] &
    Record<'error', (message: string, details: object) => void>;
  maxP99Ms?: number;
  maxLagBytes?: number;
  now?: () => number;
};

/** The app, and a migrator that knows which versions of it run and how they fare. */
export async function createService(options: ServiceOptions) {
  const { pool, log, now = monotonic, ...rest } = options;
  const { maxP99Ms = 250, maxLagBytes = 16_000_000 } = options;
  const folder = new URL('migrations/', import.meta.url);
  const migrations = await readMigrations(folder);
  const running = new Set(options.running);
  const latency = createLatencyWindow(now);
  const { readP99Ms } = latency;
  const columns = listColumns(pool);

  /** Right before a migration: a version may have been started since. */
  async function review({ name }: Migration, way: Direction) {
    const inUse = [...running].flatMap((version) => columns[version]);
    const findings = await lintMigrations(migrations, { inUse });
    return findings
      .filter((one) => one.migration === name && one.direction === way)
      .map(
        ({ line, rule, mend }) =>
          `${name}.${way}, line ${line}: ${rule}, ${mend}`,
      );
  }

  const migrator = createMigrator({
    brakes: [
      createLagBrake({ pool, maxLagBytes }),
      createLatencyBrake({ readP99Ms, maxP99Ms }),
    ],
    ...{ pool, log, review, migrations, ...rest },
  });
  const app = createApp({ pool, running, migrator, latency, log });
  return { app, migrator, migrations, running, latency };
}

function listColumns(pool: Pool): Record<VersionName, string[]> {
  return {
    old: createOldVersion(pool).columns,
    new: createNewVersion(pool).columns,
  };
}

const monotonic = () => performance.now();
