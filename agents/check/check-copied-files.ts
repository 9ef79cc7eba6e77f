import type { Finding } from '../../scripts/engine/findings.ts';
import { pagePath } from '../../scripts/pattern/ids.ts';
import { type PatternTexts, readText } from './read-tool-texts.ts';

const FIX = 'name the pattern files in the frontmatter; they take what they need as arguments';

/** Finds what keeps a reader from taking the files of a pattern. */
export function checkCopiedFiles(root: string, patterns: readonly PatternTexts[]): Finding[] {
  return patterns.flatMap(({ committed, faults }) =>
    faults.map((message): Finding => {
      const file = pagePath(committed.id);
      const line = findLine(readText(root, file) ?? '', 'files:');
      return { code: 'files-invalid', file, line, column: 1, message, fix: FIX };
    }),
  );
}

/** The first line that begins so, or the first of all. */
const findLine = (text: string, head: string): number =>
  text.split('\n').findIndex((line) => line.startsWith(head)) + 1 || 1;
