import { diff3Merge } from 'node-diff3';

/** Two changed texts brought together; `conflicts` counts the places that a person must decide. */
export type Merged = { text: string; conflicts: number };

type Labels = { mine: string; theirs: string };

/** Merges what both made of an original; where both changed the same lines, markers show both. */
export function mergeTexts(mine: string, original: string, theirs: string, labels: Labels): Merged {
  const end = mine.includes('\r\n') ? '\r\n' : '\n';
  const blocks = diff3Merge(toLines(mine), toLines(original), toLines(theirs));
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
  return { text: lines.join(end), conflicts };
}

const toLines = (text: string): string[] => text.split(/\r?\n/);
