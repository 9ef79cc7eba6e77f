import { LIMITS } from './limits.ts';

/** A place in a file of the repository; line and column count from 1. */
export type Place = { file: string; line: number; column: number };

/** One fault, where it is, and the command or the edit that fixes it. */
export type Finding = Place & {
  code: FindingCode;
  message: string;
  /** The place in the example that a fault of a page speaks of. */
  source?: Place;
  /** Names the nearest thing there is: "did you mean rotate?". */
  hint?: string;
  fix: string;
};

/** Every code a finding can have, and what it means in one line. Codes never change their meaning. */
export const FINDING_CODES = {
  'region-unclosed': 'a #region has no #endregion of its name',
  'region-not-opened': 'an #endregion has no #region of its name before it',
  'region-opened-twice': 'a #region opens while a region of that name is still open',
  'region-empty': 'a region holds no line of code',
  'region-unshown': 'a region that its page does not show, and that defends against no failure',
  'region-unsupported': 'a region in a kind of file that can hold none, such as JSON',
  'marker-near-miss': 'a comment that is almost a #region, #endregion or #highlight',
  'highlight-unshown': 'a #highlight on a line that its page does not show',

  'fence-unclosed': 'a code fence is never closed',
  'fence-too-short': 'the text of a fence holds a line that would close it',
  'fence-without-source': 'code on a page that names no source',
  'fence-without-output': 'console text on a page that names no output',
  'code-indented': 'code on a page that is indented instead of fenced, so that it names no source',
  'meta-unknown': 'an attribute of a fence is misspelt, such as sorce=',
  'source-path': 'a source whose path points outside the example',
  'source-link': 'a symbolic link that points outside the repository, or to a folder',
  'source-missing': 'a source file that the example does not have',
  'region-missing': 'a region that the source file does not have',
  'output-missing': 'an output that the proof does not have',
  'snippet-too-long': `a snippet of more than ${LIMITS.snippetLines} lines`,
  'snippet-too-wide': `a shown line of more than ${LIMITS.snippetColumns} columns`,
  'snippets-too-long': `more than ${LIMITS.pageLines} lines of snippets, those of the problem not counted`,
  'snippets-too-many': `more than ${LIMITS.snippets} snippets under "The code"`,
  'snippets-too-few': 'fewer snippets under "The code" than the level of the pattern demands',
  'versus-unshown': 'a fence is compared with code that no other fence of its page shows',
  drift: 'a generated part of the page differs from its source',

  'generated-unclosed': 'a generated block has no closing marker',
  'generated-not-opened': 'a generated block has no opening marker',
  'generated-twice': 'a page has the same generated block twice',
  'generated-missing': 'a page has no generated block for a record that exists',
  'generated-near-miss': 'a comment that is almost the marker of a generated block',

  'proof-missing': 'an example has no proof.json',
  'proof-invalid': 'a proof.json that is not what `npm run prove` writes',
  'proof-stale': 'a file that the tests of an example import changed after its proof was recorded',
  'line-unproven': 'a shown line that no test executed',
  'file-unproven': 'a shown file that no test executed, applied or loaded',
  'file-shown-whole': 'a file of executed code is shown as a whole; show a region of it instead',
  'failure-defence': 'the defence of a failure names no region of the example',
  'failures-too-few': 'fewer failures than the level of the pattern demands',
  'reference-test': 'a reference names a test that the proof does not have',
  'bench-missing': 'a page shows a bench and the example has no bench.json',
  'bench-invalid': 'a bench.json that is not what `npm run bench` writes',
  'bench-stale': 'a file that the bench of an example imports changed after the measurement',

  'mutants-invalid': 'a mutants.json that is not what `npm run mutate` writes',
  'mutants-stale': 'the sources of an example changed after its mutants were made',
  'mutants-survive':
    'a page of level 4 whose copied tests catch fewer mutants than the level demands',
  'equivalents-invalid': 'an equivalent-mutants.json that cannot be read',
  'equivalent-unmatched': 'a mutant is declared equivalent and is not among those that survived',

  'frontmatter-missing': 'a page has no frontmatter',
  'frontmatter-invalid': 'a field of the frontmatter does not match the schema',
  'frontmatter-order': 'the keys of the frontmatter are not in their order',
  'pattern-unknown': '`requires` or `related` names a pattern that does not exist',
  'requires-missing': 'a file uses another pattern that its page does not require',
  'requires-unused': '`requires` names a pattern that none of the files to copy uses',
  'requires-circle': 'patterns require each other in a circle',
  'import-foreign': 'a path into another example that is not one of its files to copy',
  'level-above-required': 'a page claims a higher level than a pattern that it requires',
  'slug-twice': 'two patterns have the same slug, and would be copied to the same folder',
  'topic-unknown': 'a topic that docs/catalogue.json does not have',
  'topic-twice': 'a topic that two pages claim',
  'formerly-taken': 'an id under `formerly` that is a page, or that two pages claim',
  'core-missing': 'a page of level 3 or 4 that names no core',
  'core-unshown': '`core` names code that the page does not show',
  'core-length': `a core of no line, or of more than ${LIMITS.coreLines}`,
  'heading-missing': 'a section that the level of the pattern demands is not there',
  'heading-order': 'a section comes before one that it must follow',
  'heading-unknown': 'a heading that is not one of the sections of a page',
  'heading-twice': 'a page has the same section twice',
  'words-too-few': 'fewer words than the level of the pattern demands',
  'words-too-many': `more than ${LIMITS.words.toLocaleString('en')} words`,
  'words-between-snippets': `more than ${LIMITS.wordsBetweenSnippets} words between two snippets`,
  'diagram-count': 'not exactly one mermaid fence under "How it works"',
  'invariant-count': `not ${LIMITS.invariants.least} to ${LIMITS.invariants.most} numbered invariants under "How it works"`,
  'link-missing': 'a link to a file that does not exist',
  wording: 'words that slow readers down; the finding says what to write instead',

  'page-missing': 'an example has no page',
  'example-missing': 'a page has no example',
  'file-stray': 'a file that belongs to no pattern',
  'file-unreadable': 'a file that cannot be read',

  'files-invalid': 'a file to copy does not exist, or imports the kit or a file that is not copied',
  'generated-drift': 'a generated file for tools differs from what the patterns generate',
  'generated-stray': 'a generated file that no pattern generates any more',
  'budget-exceeded': 'a text for tools has more tokens than its budget',
  'reference-missing': 'a text for tools names a file or a pattern that does not exist',
} as const;

/** A stable name of a kind of fault. */
export type FindingCode = keyof typeof FINDING_CODES;

/** Adds findings to others; a spread would end where the stack does, some 100,000 findings on. */
export function addFindings(findings: Finding[], more: Iterable<Finding>): void {
  for (const finding of more) findings.push(finding);
}

/** Sorts findings by file, then by their place in it. */
export function sortFindings(findings: Finding[]): Finding[] {
  return findings.sort(
    (a, b) =>
      compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.code, b.code),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
