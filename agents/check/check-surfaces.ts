import type { Finding } from '../../scripts/engine/findings.ts';
import { listPatternIds } from '../../scripts/pattern/list-pattern-ids.ts';
import { readSourcePatterns, type SourcePattern } from '../generate/read-pattern.ts';
import { checkBudgets } from './check-budgets.ts';
import { checkDrift, fixDrift } from './check-drift.ts';
import { checkReferences } from './check-references.ts';
import { checkTaken } from './check-taken.ts';
import { readSurface, readVersion, type Surface, writeSurfaces } from './read-surfaces.ts';

/** What was found in the texts for tools, and the paths of those that were written. */
export type CheckedSurfaces = { findings: Finding[]; changed: string[] };

/** A check of the texts for tools that takes the patterns one by one, as they are read. */
export type SurfaceCheck = {
  add: (source: SourcePattern) => void;
  finish: (options: { write: boolean }) => CheckedSurfaces;
};

/**
 * Opens a check of the texts for tools; `write` brings those that are generated up to date first.
 * While a page cannot be read, which is a finding of its own, nobody knows what they should be.
 */
export function openSurfaceCheck(root: string): SurfaceCheck {
  const patterns: Surface[] = [];

  function finish({ write }: { write: boolean }): CheckedSurfaces {
    const version = readVersion(root);
    if (version === undefined) return { findings: [], changed: [] };
    const surfaces = writeSurfaces(patterns, version);
    const ids = listPatternIds(root);
    const files = patterns.length === ids.length ? surfaces.files : undefined;
    const changed = write && files !== undefined ? fixDrift(root, files) : [];
    const findings = [
      ...(files === undefined ? [] : checkDrift(root, files)),
      ...checkBudgets(root, surfaces),
      ...checkTaken(root, patterns),
      ...checkReferences(root, ids),
    ];
    return { findings, changed };
  }

  return { add: (source) => void patterns.push(readSurface(source)), finish };
}

/** The same for patterns that are not read yet. */
export function checkSurfaces(root: string, options: { write: boolean }): CheckedSurfaces {
  const check = openSurfaceCheck(root);
  for (const source of readSourcePatterns(root)) check.add(source);
  return check.finish(options);
}
