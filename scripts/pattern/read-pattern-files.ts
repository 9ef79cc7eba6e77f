import type { Finding } from '../engine/findings.ts';
import { pagePath } from './ids.ts';
import { type ExampleFiles, readExample } from './read-example.ts';
import { readInside } from './read-inside.ts';

/** A pattern as it is on disk: its page and its example, and what keeps either from being read. */
export type PatternFiles = {
  id: string;
  /** The text of the page; undefined while there is none, or none that may be read. */
  page: string | undefined;
  /** Whether there is a page, if only one that may not be read. */
  hasPage: boolean;
  example: ExampleFiles | undefined;
  findings: Finding[];
};

/** Reads the files of a pattern, the same for the check, the package and the website. */
export function readPatternFiles(root: string, id: string): PatternFiles {
  const example = readExample(root, id);
  const { text, finding } = readInside(root, pagePath(id));
  const findings = [...(finding ? [finding] : []), ...(example?.findings ?? [])];
  const hasPage = text !== undefined || finding !== undefined;
  return { id, page: text, hasPage, example, findings };
}
