import { mutateConfiguration } from './configuration/mutate-configuration.ts';
import type { Mutant } from './mutant.ts';
import { mutateSql } from './sql/mutate-sql.ts';
import { mutateSqlInTypeScript } from './sql/sql-in-typescript.ts';
import { mutateTypeScript } from './typescript/mutate-typescript.ts';

/** All small changes to a file that a reader takes, sorted by place. */
export function createMutants(path: string, source: string): Mutant[] {
  if (path.endsWith('.sql')) return mutateSql(source);
  if (!path.endsWith('.ts')) return mutateConfiguration(path, source);
  return [...mutateTypeScript(source), ...mutateSqlInTypeScript(source)].toSorted(
    (a, b) => a.start - b.start,
  );
}
