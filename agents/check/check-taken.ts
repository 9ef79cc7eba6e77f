import type { Finding } from '../../scripts/engine/findings.ts';
import type { SourcePattern } from '../generate/read-pattern.ts';
import { findFaults } from '../generate/take-files.ts';
import { readText } from './read-surfaces.ts';

const MEND = 'name the pattern files in the frontmatter; they take what they need as arguments';

/** Finds what keeps a reader from taking the files of a pattern. */
export function checkTaken(root: string, sources: readonly SourcePattern[]): Finding[] {
  return sources.flatMap((source) =>
    findFaults(source).map((message): Finding => {
      const file = `patterns/${source.id}.md`;
      const line = findLine(readText(root, file) ?? '', 'files:');
      return { code: 'files-invalid', file, line, column: 1, message, mend: MEND };
    }),
  );
}

/** The first line that begins so, or the first of all. */
const findLine = (text: string, head: string): number =>
  text.split('\n').findIndex((line) => line.startsWith(head)) + 1 || 1;
