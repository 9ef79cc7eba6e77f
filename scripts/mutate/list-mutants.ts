import { followImports } from '../pattern/follow-imports.ts';
import { leaveOutTables } from '../pattern/sql-statements.ts';
import { applyMutant } from './apply-mutant.ts';
import { createMutants } from './create-mutants.ts';
import type { Mutant } from './mutant.ts';
import type { PlacedMutant } from './run-mutants.ts';
import { keepValidSql } from './sql/keep-valid-sql.ts';
import { createCompileFilter } from './typescript/compile-filter.ts';

type Taken = {
  id: string;
  sources: ReadonlyMap<string, string>;
  /** The page's `files` and `yours`. */
  files: string[];
  yours: string[];
};

/** All mutants of what a reader takes of an example that compile and that Postgres takes, file by file. */
export async function listMutants(root: string, taken: Taken): Promise<PlacedMutant[]> {
  const { id, yours } = taken;
  const keepCompiling = createCompileFilter({ root });
  const reached = readReached(taken);
  const placed: PlacedMutant[] = [];
  for (const [path, source] of reached) {
    const all = createMutants(path, source);
    const tables = path.endsWith('.sql') ? yours : [];
    const mutants = path.endsWith('.ts')
      ? keepCompiling(`examples/${id}/${path}`, source, all)
      : all.filter((mutant) => isTaken(source, mutant, tables));
    for (const mutant of mutants) placed.push({ path, source, mutant });
  }
  return await keepValidSql(reached, placed);
}

function readReached({ sources, files }: Taken): ReadonlyMap<string, string> {
  const reached = new Map<string, string>();
  for (const path of [...followImports(sources, files)].sort()) {
    const source = sources.get(path);
    if (source !== undefined) reached.set(path, source);
  }
  return reached;
}

/** The tables that a reader has already are not taken: a change to them changes nothing of theirs. */
function isTaken(source: string, mutant: Mutant, yours: string[]): boolean {
  if (yours.length === 0) return true;
  const changed = applyMutant(source, mutant);
  return leaveOutTables(changed, yours) !== leaveOutTables(source, yours);
}
