import { leaveOutTables, listUngrantedTables } from '../../scripts/pattern/sql-statements.ts';
import type { MigrationNotes } from '../library/types.ts';
import { MIGRATOR } from '../project/migration-name.ts';
import type { SourcePattern } from './read-pattern.ts';
import { stripMarkers } from './strip-markers.ts';

/** The migrations of a pattern as a project gets them, without the tables that it has already. */
export function describeMigrations({
  id,
  data,
  sources,
}: SourcePattern): (MigrationNotes & { text: string })[] {
  return data.files
    .filter((path) => path.endsWith('.sql'))
    .map((path) => {
      const text = leaveOutTables(stripMarkers(path, sources.get(path) ?? ''), data.yours);
      // Only the migrator reads its tables, which its role owns.
      const tables = id === MIGRATOR ? [] : listUngrantedTables(text);
      return { path, text, applied: readApplied(text), tables };
    });
}

function readApplied(text: string): string | undefined {
  const [comment = ''] = /^(?:--.*\n)*/.exec(text) ?? [];
  const words = comment.replaceAll(/^-- ?/gm, '').replaceAll('\n', ' ');
  return /^(?:Run|Applied) by [^.:]+/.exec(words)?.[0];
}
