import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ROOT } from '../files/root.ts';
import { openKeys } from '../pattern/keys.ts';
import { listPatternIds } from '../pattern/list-pattern-ids.ts';
import { readSources } from '../pattern/read-example.ts';
import { exchangeInLine, exchangeWords } from './exchange-words.ts';

const catalogueSchema = z.object({ topics: z.array(z.object({ id: z.string() })) });
const proofSchema = z.object({ failures: z.array(z.object({ title: z.string() })) });
const recordSchema = z.looseObject({ key: z.string() });

/**
 * This repository with as many patterns as that: the real ones, and under the ids of the catalogue's
 * other topics copies of them, with their proofs. A copy's prose is in words that nobody searches.
 */
export function writeLibrary(root: string, count: number): void {
  copyRepository(root);
  const originals = listPatternIds(ROOT);
  for (const id of originals) linkOwnModules(root, id, id);
  const topics = listTopics().filter((id) => !originals.includes(id));
  for (const [index, id] of topics.slice(0, count - originals.length).entries())
    writeCopy(root, originals[index % originals.length] ?? '', id);
  linkModules(root);
  const run = (...words: string[]) => execFileSync(process.execPath, words, { cwd: root });
  run('scripts/commands/sync.ts');
  commitAll(root);
}

/** What git knows, as it is here. */
function copyRepository(root: string): void {
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' });
  for (const path of listed.split('\0').filter(Boolean)) cpSync(join(ROOT, path), join(root, path));
}

function listTopics(): string[] {
  const text = readFileSync(join(ROOT, 'docs/catalogue.json'), 'utf8');
  return catalogueSchema.parse(JSON.parse(text)).topics.map(({ id }) => id);
}

function writeCopy(root: string, original: string, id: string): void {
  const example = join(root, 'examples', id);
  const isOurs = (path: string) => !path.endsWith('node_modules');
  cpSync(join(root, 'examples', original), example, { recursive: true, filter: isOurs });
  linkOwnModules(root, original, id);
  const rename = (text: string) => text.replaceAll(original, id);
  const name = (of: string) => `"@touchstone/${of.replace('/', '-')}"`;
  edit(join(example, 'package.json'), (text) => text.replace(name(original), name(id)));
  for (const file of ['bench.ts', 'bench.json']) edit(join(example, file), rename);
  for (const file of globSync('*.ts', { cwd: example }))
    edit(join(example, file), (text) => importFromAfar(text, original));
  const retitle = renameFailures(example);
  const source = readFileSync(join(root, `patterns/${original}.md`), 'utf8');
  const page = exchangeWords(linkFromAfar(retitle(rename(source)), original));
  write(join(root, `patterns/${id}.md`), page);
  writeKeys(root, id, page);
}

/** The copy stands in another area: what its original imports from a neighbour is not beside it. */
function importFromAfar(text: string, original: string): string {
  return text.replaceAll(/(['"])\.\.\/(?=[a-z])/g, `$1../../${dirname(original)}/`);
}

function linkFromAfar(page: string, original: string): string {
  return page.replaceAll(/\]\((?=[a-z-]+\.md)/g, `](../${dirname(original)}/`);
}

/** What fails in a copy has another title too, in its tests and records; a search reads them. */
function renameFailures(example: string): (text: string) => string {
  const { failures } = proofSchema.parse(
    JSON.parse(readFileSync(join(example, 'proof.json'), 'utf8')),
  );
  const retitle = (text: string) =>
    failures.reduce((now, { title }) => now.replaceAll(title, exchangeInLine(title)), text);
  for (const file of globSync('*.test.ts', { cwd: example })) edit(join(example, file), retitle);
  edit(join(example, 'proof.json'), retitle);
  return retitle;
}

/** The records of a copy are of what it is: its tests would run the same lines, under its own name. */
function writeKeys(root: string, id: string, page: string): void {
  const { proof, bench } = openKeys(root)({ id, sources: readSources(root, id), page });
  const records = { 'proof.json': proof, 'mutants.json': proof, 'bench.json': bench };
  for (const [name, { key }] of Object.entries(records)) {
    const file = join(root, 'examples', id, name);
    if (!existsSync(file)) continue;
    edit(file, (text) => {
      const record = { ...recordSchema.parse(JSON.parse(text)), key };
      return `${JSON.stringify(record, null, 2)}\n`;
    });
  }
}

/** A folder of links: what is installed here is installed there, and the workspaces are its own. */
function linkModules(root: string): void {
  const modules = join(ROOT, 'node_modules');
  const names = readdirSync(modules).filter(
    (name) => !['.astro', '.vite', '.cache', '@touchstone'].includes(name),
  );
  mkdirSync(join(root, 'node_modules/@touchstone'), { recursive: true });
  for (const name of names) symlinkSync(join(modules, name), join(root, 'node_modules', name));
  symlinkSync(join(root, 'examples/kit'), join(root, 'node_modules/@touchstone/kit'));
}

/** An example may have a version of a package that the others do not have. */
function linkOwnModules(root: string, original: string, id: string): void {
  const modules = join(ROOT, 'examples', original, 'node_modules');
  const link = join(root, 'examples', id, 'node_modules');
  if (existsSync(modules) && !existsSync(link)) symlinkSync(modules, link);
}

/** The history says what changed: nothing did, since the first of two commits. */
function commitAll(root: string): void {
  const author = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com'];
  const git = (...words: string[]) => execFileSync('git', [...author, ...words], { cwd: root });
  git('init', '--quiet');
  write(join(root, '.git/info/exclude'), 'node_modules\n'); // .gitignore names folders, not links
  git('add', '--all');
  git('commit', '--quiet', '--message', 'All');
  git('commit', '--quiet', '--allow-empty', '--message', 'Nothing');
}

function edit(file: string, change: (text: string) => string): void {
  write(file, change(readFileSync(file, 'utf8')));
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
