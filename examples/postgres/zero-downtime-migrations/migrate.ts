import { lintMigrations } from './lint-migrations.ts';
import { readMigrations } from './migration-files.ts';
import { createMigrator, type MigratorOptions } from './migrator.ts';

type Deployment = Omit<MigratorOptions, 'migrations'> & {
  /** Of the `migrations` folder; without one, the last. */
  target?: string;
};

// #region migrate
/** Runs in the deployment, before the new release starts, and ends. */
export async function migrate({ target, ...options }: Deployment) {
  const folder = new URL('migrations/', import.meta.url);
  const migrations = readMigrations(folder);
  await lintMigrations(migrations);
  const migrator = createMigrator({ ...options, migrations });
  return await migrator.moveTo(target);
}
// #endregion migrate
