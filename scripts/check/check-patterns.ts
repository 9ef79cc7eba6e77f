import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { addFindings, type Finding, sortFindings } from '../engine/findings.ts';
import { openKeys } from '../pattern/keys.ts';
import { listPatternIds } from '../pattern/list-pattern-ids.ts';
import { readInside } from '../pattern/read-inside.ts';
import { readPatternFiles } from '../pattern/read-pattern-files.ts';
import { checkPattern, type PatternChecks, type Rules } from './check-pattern.ts';
import { findStrayFiles } from './find-stray-files.ts';
import type { LibraryCheck, OpenLibraryCheck } from './library-check.ts';

/** What to check. */
export type CheckOptions = {
  /** The patterns; all of them, and what belongs to none, when left out. */
  ids?: string[];
  /**
   * Whether pages that differ from their sources are written, or which of them; with any, the
   * texts that are made of all patterns are written too.
   */
  write?: boolean | readonly string[];
  /** Whether frontmatter and prose are checked too: the part that needs a syntax tree. */
  structure?: boolean;
  /** The check of the texts that are made of all patterns; opened only for a check of all. */
  openLibraryCheck?: OpenLibraryCheck | undefined;
};

/** What a check found. */
export type CheckResult = {
  findings: Finding[];
  patterns: number;
  snippets: number;
  /** The files that were written. */
  changed: string[];
};

/** Checks patterns one by one and keeps nothing of one but its findings; `write` brings pages up to date. */
export async function checkPatterns(
  root: string,
  options: CheckOptions = {},
): Promise<CheckResult> {
  const { ids, write = false, structure = true, openLibraryCheck } = options;
  const known = ids !== undefined && !structure ? ids : listPatternIds(root);
  const library = ids === undefined && structure ? await openLibraryCheck?.(root) : undefined;
  const checks: PatternChecks = {
    root,
    writes: Array.isArray(write) ? (id) => write.includes(id) : () => write === true,
    rules: structure ? await loadRules(root, known) : undefined,
    library,
    readKeys: openKeys(root),
  };
  const result: CheckResult = { findings: [], patterns: 0, snippets: 0, changed: [] };
  for (const id of ids ?? known) {
    result.patterns++;
    const { findings, snippets, changed } = checkPattern(checks, readPatternFiles(root, id));
    addFindings(result.findings, findings);
    result.snippets += snippets;
    result.changed.push(...changed);
  }
  if (ids === undefined) addFindings(result.findings, findStrayFiles(root, known));
  if (ids === undefined && structure) addFindings(result.findings, await findWordings(root));
  if (library !== undefined) finishLibrary(library, { result, write: write !== false });
  return { ...result, findings: sortFindings(result.findings) };
}

/** Brings one page up to date, for a server that watches the files; resolves with what is left to fix. */
export async function syncPattern(root: string, id: string): Promise<Finding[]> {
  const { findings } = await checkPatterns(root, { ids: [id], write: true });
  return findings;
}

/** Loaded only when asked for: YAML and zod cost more than all the rest. */
async function loadRules(root: string, ids: string[]): Promise<Rules> {
  const { createPageRules } = await import('../page/rules.ts');
  const { openRequirements } = await import('../pattern/requirements.ts');
  const rules = createPageRules({
    ids,
    catalogue: readInside(root, 'docs/catalogue.json').text,
    exists: (path) => !path.startsWith('..') && existsSync(join(root, path)),
  });
  return { ...rules, checkRequirements: openRequirements(root, ids) };
}

/** The wordings to replace in texts that are not pattern pages; those of a page are found by its rules. */
async function findWordings(root: string): Promise<Finding[]> {
  const { checkTexts } = await import('../prose/check-prose.ts');
  return checkTexts(root);
}

function finishLibrary(
  library: LibraryCheck,
  { result, write }: { result: CheckResult; write: boolean },
): void {
  const { findings, changed } = library.finish({ write });
  addFindings(result.findings, findings);
  result.changed.push(...changed);
}
