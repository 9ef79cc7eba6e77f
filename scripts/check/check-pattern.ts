import { join } from 'node:path';
import type { Finding } from '../engine/findings.ts';
import { buildPage, type PageInput, type PageResult } from '../engine/page.ts';
import { writeAtomically } from '../files/write-atomically.ts';
import type { ReadFrontmatter } from '../page/frontmatter.ts';
import type { PageRules } from '../page/rules.ts';
import { composePattern } from '../pattern/compose-pattern.ts';
import { examplePath, pagePath } from '../pattern/ids.ts';
import type { Key, ReadKeys } from '../pattern/keys.ts';
import type { ExampleFiles } from '../pattern/read-example.ts';
import type { PatternFiles } from '../pattern/read-pattern-files.ts';
import type { CheckRequirements } from '../pattern/requirements.ts';
import type { LibraryCheck } from './library-check.ts';

/** The rules of frontmatter and prose. */
export type Rules = PageRules & { checkRequirements: CheckRequirements };

/** What a pattern is checked with, the same for all patterns of a run. */
export type PatternChecks = {
  root: string;
  /** Whether the page of a pattern is brought up to date. */
  writes: (id: string) => boolean;
  rules: Rules | undefined;
  library: LibraryCheck | undefined;
  readKeys: ReadKeys;
};

/** What was found in a pattern, how many snippets it shows, and the files that were written. */
export type CheckedPattern = { findings: Finding[]; snippets: number; changed: string[] };

/** Checks a pattern: its page against its example and its records, and the page itself by the rules. */
export function checkPattern(checks: PatternChecks, files: PatternFiles): CheckedPattern {
  const { id, page, example } = files;
  const findings = [
    ...files.findings,
    ...(files.hasPage ? [] : [describeNoPage(id)]),
    ...(example === undefined ? [describeNoExample(id)] : []),
  ];
  if (page === undefined) return { findings, snippets: 0, changed: [] };
  const checked = checkPage(checks, { id, page, example: example ?? EMPTY });
  return { ...checked, findings: [...findings, ...checked.findings] };
}

const EMPTY: ExampleFiles = { sources: new Map(), findings: [] };

type PageFiles = { id: string; page: string; example: ExampleFiles };

function checkPage(checks: PatternChecks, { id, page, example }: PageFiles): CheckedPattern {
  const { sources, proof, bench } = example;
  const file = pagePath(id);
  const frontmatter = checks.rules?.readFrontmatter(file, page);
  const keys = checks.readKeys({ id, sources, page });
  const built = buildOrWrite(checks, {
    id,
    text: page,
    sources,
    proof,
    bench,
    keys: { proof: keys.proof.key, bench: keys.bench.key },
    references: frontmatter?.data?.references,
  });
  const { findings, shown } = built.result;
  const snippets = shown.length;
  const changed = built.text === page ? [] : [file];
  if (frontmatter === undefined || checks.rules === undefined)
    return { findings, snippets, changed };
  const prose = { id, example, frontmatter, key: keys.proof, ...built };
  addToLibrary(checks.library, prose);
  return { findings: [...findings, ...checkByRules(checks.rules, prose)], snippets, changed };
}

type BuiltPage = { text: string; result: PageResult };

/** Writes the page if it is not as it should be; what is found is found in the page that was written. */
function buildOrWrite({ root, writes }: PatternChecks, input: PageInput): BuiltPage {
  const result = buildPage(input);
  const { text } = result;
  if (!writes(input.id) || text === input.text) return { text: input.text, result };
  writeAtomically(join(root, pagePath(input.id)), text);
  return { text, result: buildPage({ ...input, text }) };
}

type ReadPage = BuiltPage & {
  id: string;
  example: ExampleFiles;
  frontmatter: ReadFrontmatter;
  /** That of the proof and of the mutants. */
  key: Key;
};

function checkByRules(rules: Rules, page: ReadPage): Finding[] {
  const { id, text, result, example, frontmatter, key } = page;
  const { sources, bench, mutants, equivalents } = example;
  const file = pagePath(id);
  const hasBench = bench !== undefined;
  return [
    ...rules.checkPage({ id, file, text, built: result, hasBench }, frontmatter),
    ...rules.checkSources(id, sources),
    ...rules.checkRequirements({ id, file, sources, frontmatter }),
    ...rules.checkMutants({
      id,
      level: frontmatter.data?.level ?? 1,
      locateClaim: () => ({ file, ...frontmatter.locate(['level']) }),
      mutants,
      equivalents,
      key: key.key,
    }),
  ];
}

/** A page that cannot be read, or that has no example, is a finding of its own. */
function addToLibrary(library: LibraryCheck | undefined, page: ReadPage): void {
  const { id, text, result, example, frontmatter } = page;
  const { data } = frontmatter;
  const { sources } = example;
  if (library === undefined || data === undefined || sources.size === 0) return;
  library.add(composePattern({ id, data, page: text, sources, proof: result.proof }));
}

function describeNoPage(id: string): Finding {
  const place = { file: examplePath(id, 'package.json'), line: 1, column: 1 };
  const message = `the example has no page ${pagePath(id)}`;
  return { code: 'page-missing', ...place, message, fix: `write ${pagePath(id)}` };
}

function describeNoExample(id: string): Finding {
  const place = { file: pagePath(id), line: 1, column: 1 };
  const message = `the page has no example ${examplePath(id)}`;
  return { code: 'example-missing', ...place, message, fix: `write ${examplePath(id)}` };
}
