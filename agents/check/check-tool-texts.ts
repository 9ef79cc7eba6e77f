import type { Finding } from '../../scripts/engine/findings.ts';
import { listPatternIds } from '../../scripts/pattern/list-pattern-ids.ts';
import { readSourcePatterns, type SourcePattern } from '../generate/read-pattern.ts';
import { checkBudgets } from './check-budgets.ts';
import { checkCopiedFiles } from './check-copied-files.ts';
import { checkDrift, fixDrift } from './check-drift.ts';
import { checkNamedFiles } from './check-named-files.ts';
import {
  type PatternTexts,
  readPackageFacts,
  readPatternTexts,
  writeToolTexts,
} from './read-tool-texts.ts';

/** What was found in the texts for tools, and the paths of those that were written. */
export type CheckedToolTexts = { findings: Finding[]; changed: string[] };

/** A check of the texts for tools that takes the patterns one by one, as they are read. */
export type ToolTextCheck = {
  add: (source: SourcePattern) => void;
  finish: (options: { write: boolean }) => CheckedToolTexts;
};

/**
 * Opens a check of the texts for tools; `write` brings those that are generated up to date first.
 * While a page cannot be read, which is a finding of its own, nobody knows what they should be.
 */
export function openToolTextCheck(root: string): ToolTextCheck {
  const patterns: PatternTexts[] = [];

  function finish({ write }: { write: boolean }): CheckedToolTexts {
    const facts = readPackageFacts(root);
    if (facts === undefined) return { findings: [], changed: [] };
    const texts = writeToolTexts(patterns, facts);
    const ids = listPatternIds(root);
    const files = patterns.length === ids.length ? texts.files : undefined;
    const changed = write && files !== undefined ? fixDrift(root, files) : [];
    const findings = [
      ...(files === undefined ? [] : checkDrift(root, files)),
      ...checkBudgets(root, texts),
      ...checkCopiedFiles(root, patterns),
      ...checkNamedFiles(root, ids),
    ];
    return { findings, changed };
  }

  return { add: (source) => void patterns.push(readPatternTexts(source)), finish };
}

/** The same for patterns that are not read yet. */
export function checkToolTexts(root: string, options: { write: boolean }): CheckedToolTexts {
  const check = openToolTextCheck(root);
  for (const source of readSourcePatterns(root)) check.add(source);
  return check.finish(options);
}
