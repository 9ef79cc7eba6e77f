import type { MigrationNotes } from './types.ts';

/** A migration, and who applies it where that is not the owner of the tables. */
export const nameMigration = ({ path, applied }: Omit<MigrationNotes, 'tables'>): string =>
  applied ? `${path} (${applied[0]?.toLowerCase()}${applied.slice(1)})` : path;

/** What an app needs whose role does not own the tables. */
export const sayGrant = (tables: readonly string[]): string =>
  `The role of your app, unless it applies the migrations, needs select, insert, update and delete on ${tables.join(', ')}.`;
