import { paint } from '../../../scripts/command-line/paint.ts';
import { type Outcome, planUpdate } from '../../project/update.ts';
import type { CliInput, CommandResult } from '../command.ts';
import { headDryRun } from '../head-dry-run.ts';
import { resolvePatternIds } from '../resolve-pattern-ids.ts';

/** Brings the copied files to this version of the library. */
export function update({ library, changeProject, words, values }: CliInput): CommandResult {
  const ids = resolvePatternIds(library, words);
  const isApplied = values.applied === true;
  const isDry = values['dry-run'] === true;
  const { files, others } = changeProject((project) => {
    const update = planUpdate(library, project, ids, { isApplied });
    if (!isDry) update.apply();
    return update;
  });
  const changed = files.filter(({ outcome }) => outcome !== 'same');
  const lines = changed.map(
    ({ path, outcome }) => `${path}  ${paint(STYLES[outcome], SAYS[outcome])}`,
  );
  const hasConflict = files.some(({ outcome }) => outcome === 'conflict');
  const versions = others.map(
    ({ name, present, proven }) =>
      `${name} is ${present} here; the pattern was tested with ${proven}`,
  );
  const head = headDryRun(isDry && lines.length > 0);
  const text = [...head, ...lines, ...versions].join('\n') || 'Nothing is new.';
  const data = { version: library.version, files, others };
  return { code: hasConflict ? 1 : 0, data, text };
}

const SAYS: Record<Outcome, string> = {
  same: 'unchanged',
  updated: 'updated',
  merged: 'merged with your edits',
  conflict: 'conflict: edit the lines between the markers',
  kept: 'you deleted it: it is not written again',
  added: 'added',
  gone: 'is no longer in the library; your copy stays',
  migration:
    'has changed: write a migration of your own (touchstone diff --new), then touchstone update --applied',
  applied: 'has changed: marked as applied',
};

const STYLES: Record<Outcome, 'dim' | 'green' | 'red' | 'yellow'> = {
  same: 'dim',
  updated: 'green',
  merged: 'green',
  conflict: 'red',
  kept: 'dim',
  added: 'green',
  gone: 'yellow',
  migration: 'yellow',
  applied: 'dim',
};
