import { diff3Merge } from 'node-diff3';

/** Two changed texts brought together; `conflicts` counts the places that a person must decide. */
export type Merged = { text: string; conflicts: number };

type Labels = { mine: string; theirs: string };

/** Whether a merge left a place that nobody has decided yet. */
export const hasConflictMarkers = (text: string): boolean => /^(<{7} |>{7} )/m.test(text);

/** Merges what both made of an original; where both changed the same lines, markers show both. */
export function mergeTexts(mine: string, original: string, theirs: string, labels: Labels): Merged {
  const blocks = diff3Merge(mine.split('\n'), original.split('\n'), theirs.split('\n'));
  const lines = blocks.flatMap(({ ok, conflict }) =>
    conflict
      ? [
          `<<<<<<< ${labels.mine}`,
          ...conflict.a,
          '=======',
          ...conflict.b,
          `>>>>>>> ${labels.theirs}`,
        ]
      : (ok ?? []),
  );
  const conflicts = blocks.filter(({ conflict }) => conflict !== undefined).length;
  return { text: lines.join('\n'), conflicts };
}
