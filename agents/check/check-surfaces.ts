import type { Finding } from '../../scripts/engine/findings.ts';
import { listPatterns } from '../../scripts/repository.ts';
import { checkBudgets } from './check-budgets.ts';
import { checkDrift, mendDrift } from './check-drift.ts';
import { checkReferences } from './check-references.ts';
import { checkTaken } from './check-taken.ts';
import { readSurfaces } from './read-surfaces.ts';

/**
 * Checks the texts for tools; `write` brings those that are generated up to date first. While a
 * page cannot be read, which is a finding of its own, nobody knows what they should be.
 */
export function checkSurfaces(
  root: string,
  { write }: { write: boolean },
): { findings: Finding[]; changed: string[] } {
  const surfaces = readSurfaces(root);
  if (surfaces === undefined) return { findings: [], changed: [] };
  const ids = listPatterns(root);
  const files = surfaces.sources.length === ids.length ? surfaces.files : undefined;
  const changed = write && files !== undefined ? mendDrift(root, files) : [];
  const findings = [
    ...(files === undefined ? [] : checkDrift(root, files)),
    ...checkBudgets(root, surfaces),
    ...checkTaken(root, surfaces.sources),
    ...checkReferences(root, ids),
  ];
  return { findings, changed };
}
