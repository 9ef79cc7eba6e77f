import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { SurfaceCheck } from '../agents/check/check-surfaces.ts';
import type { toSourcePattern } from '../agents/generate/read-pattern.ts';
import { addFindings, type Finding, sortFindings } from './engine/findings.ts';
import { buildPage, type PageInput, type PageResult } from './engine/page.ts';
import type { ReadFrontmatter } from './page/frontmatter.ts';
import type { PageRules } from './page/rules.ts';
import { openKeys, type ReadKeys } from './pattern/keys.ts';
import type { CheckRequirements } from './pattern/requirements.ts';
import { listPatterns } from './repository.ts';
import { type ExampleFiles, readExample, readInside } from './sources.ts';
import { findStrays } from './strays.ts';
import { writeAtomically } from './write-atomically.ts';

/** What to check. */
export type CheckOptions = {
  /** The patterns; all of them, and what belongs to none, when left out. */
  ids?: string[];
  /** Whether pages that differ from their sources are written. */
  write?: boolean;
  /** Whether frontmatter and prose are checked too: the part that needs a syntax tree. */
  structure?: boolean;
};

/** What a check found. */
export type CheckResult = {
  findings: Finding[];
  patterns: number;
  snippets: number;
  /** The pages that were written. */
  changed: string[];
};

type Rules = PageRules & { checkRequirements: CheckRequirements };

type Run = CheckResult & {
  root: string;
  write: boolean;
  rules?: Rules | undefined;
  tools?: ToolsCheck | undefined;
  readKeys: ReadKeys;
};

/** Checks patterns one by one and keeps nothing of one but its findings; `write` brings pages up to date. */
export async function checkPatterns(
  root: string,
  options: CheckOptions = {},
): Promise<CheckResult> {
  const { ids, write = false, structure = true } = options;
  const known = ids !== undefined && !structure ? ids : listPatterns(root);
  const rules = structure ? await loadRules(root, known) : undefined;
  const tools = ids === undefined && structure ? await openTools(root) : undefined;
  const result: CheckResult = { findings: [], patterns: 0, snippets: 0, changed: [] };
  const run: Run = { ...result, root, write, rules, tools, readKeys: openKeys(root) };
  for (const id of ids ?? known) checkPattern(run, id);
  if (ids === undefined) addFindings(run.findings, findStrays(root, known));
  if (ids === undefined && structure) addFindings(run.findings, await findWordings(root));
  finishTools(run);
  const { findings, patterns, snippets, changed } = run;
  return { findings: sortFindings(findings), patterns, snippets, changed };
}

/** Brings one page up to date, for a server that watches the files; resolves with what is left to fix. */
export async function syncPattern(root: string, id: string): Promise<Finding[]> {
  const { findings } = await checkPatterns(root, { ids: [id], write: true });
  return findings;
}

/** Loaded only when asked for: YAML and zod cost more than all the rest. */
async function loadRules(root: string, ids: string[]): Promise<Rules> {
  const { createPageRules } = await import('./page/rules.ts');
  const { openRequirements } = await import('./pattern/requirements.ts');
  const rules = createPageRules({
    ids,
    catalogue: readInside(root, 'docs/catalogue.json', []),
    exists: (path) => !path.startsWith('..') && existsSync(join(root, path)),
  });
  return { ...rules, checkRequirements: openRequirements(root, ids) };
}

/** The wordings to replace in all texts that are no pattern pages; of a page, its rules find them. */
async function findWordings(root: string): Promise<Finding[]> {
  const { checkTexts } = await import('./prose/check-prose.ts');
  return checkTexts(root);
}

/** The check of the texts for tools, which takes each pattern as it was read for its page. */
type ToolsCheck = SurfaceCheck & {
  toSourcePattern: typeof toSourcePattern;
  keepCounts: () => void;
};

/** What tools read is made of all patterns: it is checked, and loaded, only with all of them. */
async function openTools(root: string): Promise<ToolsCheck | undefined> {
  if (!existsSync(join(root, 'agents/package.json'))) return undefined;
  const { openSurfaceCheck } = await import('../agents/check/check-surfaces.ts');
  const { toSourcePattern } = await import('../agents/generate/read-pattern.ts');
  const { keepCounts } = await import('../agents/generate/count-tokens.ts');
  return { ...openSurfaceCheck(root), toSourcePattern, keepCounts };
}

function finishTools({ tools, write, ...run }: Run): void {
  if (tools === undefined) return;
  const { findings, changed } = tools.finish({ write });
  addFindings(run.findings, findings);
  run.changed.push(...changed);
  tools.keepCounts();
}

function checkPattern(run: Run, id: string): void {
  run.patterns++;
  const { root, findings } = run;
  const file = `patterns/${id}.md`;
  const example = readExample(root, id);
  const text = readInside(root, file, findings);
  addFindings(findings, example?.findings ?? []);
  if (text === undefined) reportNoPage(run, id);
  if (example === undefined) reportNoExample(run, id);
  if (text !== undefined)
    checkPage(run, { id, file, text, example: example ?? { sources: new Map(), findings: [] } });
}

type Page = { id: string; file: string; text: string; example: ExampleFiles };

function checkPage(run: Run, { id, file, text, example }: Page): void {
  const { sources, proof, bench } = example;
  const frontmatter = run.rules?.readFrontmatter(file, text);
  const references = frontmatter?.data?.references;
  const { proof: proven, bench: measured } = run.readKeys({ id, sources, page: text });
  const keys = { proof: proven.key, bench: measured.key };
  const input = { id, text, sources, proof, bench, keys, references };
  const built = run.write ? writePage(run, file, input) : { text, result: buildPage(input) };
  run.snippets += built.result.shown.length;
  addFindings(run.findings, built.result.findings);
  if (frontmatter === undefined || run.rules === undefined) return;
  const page = { id, file, text: built.text, built: built.result, hasBench: bench !== undefined };
  addFindings(run.findings, run.rules.checkPage(page, frontmatter));
  addFindings(run.findings, run.rules.checkRequirements({ id, file, sources, frontmatter }));
  addToTools(run, { ...page, frontmatter, example });
  const { mutants, equivalents } = example;
  const locateClaim = () => ({ file, ...frontmatter.locate(['level']) });
  const level = frontmatter.data?.level ?? 1;
  const records = { mutants, equivalents, key: proven.key };
  addFindings(run.findings, run.rules.checkMutants({ id, level, locateClaim, ...records }));
}

type Checked = { id: string; text: string; built: PageResult } & {
  frontmatter: ReadFrontmatter;
  example: ExampleFiles;
};

function addToTools({ tools }: Run, { id, text, built, frontmatter, example }: Checked): void {
  const { data } = frontmatter;
  const { sources } = example;
  if (tools === undefined || data === undefined || sources.size === 0) return;
  tools.add(tools.toSourcePattern({ id, text, data, sources, proof: built.proof }));
}

/** Writes the page if it is not as it should be; what is found is found in what then stands there. */
function writePage(run: Run, file: string, input: PageInput): { text: string; result: PageResult } {
  const result = buildPage(input);
  const { text } = result;
  if (text === input.text) return { text, result };
  writeAtomically(join(run.root, file), text);
  run.changed.push(file);
  return { text, result: buildPage({ ...input, text }) };
}

function reportNoPage({ findings }: Run, id: string): void {
  // A page that leads out of the repository was reported as such.
  if (findings.some(({ file }) => file === `patterns/${id}.md`)) return;
  const place = { file: `examples/${id}/package.json`, line: 1, column: 1 };
  const message = `the example has no page patterns/${id}.md`;
  findings.push({ code: 'page-missing', ...place, message, fix: `write patterns/${id}.md` });
}

function reportNoExample({ findings }: Run, id: string): void {
  const place = { file: `patterns/${id}.md`, line: 1, column: 1 };
  const message = `the page has no example examples/${id}`;
  findings.push({ code: 'example-missing', ...place, message, fix: `write examples/${id}` });
}
