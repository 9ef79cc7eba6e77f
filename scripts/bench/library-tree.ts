import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
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
 * This repository with as many patterns as that: the real ones, and in the areas of the catalogue
 * copies of them, with their proofs. A copy's prose is in words that nobody searches.
 */
export function writeLibrary(root: string, count: number): void {
  copyRepository(root);
  const originals = listPatternIds(ROOT);
  for (const id of originals) linkOwnModules(root, id, id);
  const areas = listAreas();
  for (let index = 0; index < count - originals.length; index++) {
    const area = areas[index % areas.length] ?? '';
    // A name that nobody searches: with that of a topic it would answer questions.
    writeCopy(root, originals[index % originals.length] ?? '', `${area}/lake-${index}`);
  }
  linkModules(root);
  // How well the search answers is measured in the words of the real pages.
  rmSync(join(root, 'agents/eval/run-eval.test.ts'));
  // Copies have the tables of their originals: they do not fit into one database.
  rmSync(join(root, 'agents/project/schemas-together.test.ts'));
  const run = (...words: string[]) => execFileSync(process.execPath, words, { cwd: root });
  // An import of a neighbour has another place among the others, and may be too long for its line.
  run('node_modules/@biomejs/biome/bin/biome', 'check', '--write', 'examples');
  for (const id of listPatternIds(root)) writeKeys(root, id);
  run('scripts/commands/sync.ts');
  commitAll(root);
}

/** What git knows, as it is here. */
function copyRepository(root: string): void {
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' });
  for (const path of listed.split('\0').filter(Boolean)) cpSync(join(ROOT, path), join(root, path));
}

/** The areas of the catalogue. */
function listAreas(): string[] {
  const text = readFileSync(join(ROOT, 'docs/catalogue.json'), 'utf8');
  return [...new Set(catalogueSchema.parse(JSON.parse(text)).topics.map(({ id }) => dirname(id)))];
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
}

/** The copy stands in another area: what its original names of a neighbour is not beside it. */
function importFromAfar(text: string, original: string): string {
  return text.replaceAll(/(['"`])\.\.\/(?=[a-z-]+\/)/g, `$1../../${dirname(original)}/`);
}

function linkFromAfar(page: string, original: string): string {
  return page.replaceAll(/\]\((?=[a-z-]+\.md)/g, `](../${dirname(original)}/`);
}

/** What fails in a copy has another title too, in its tests and records; a search reads them. */
function renameFailures(example: string): (text: string) => string {
  const { failures } = proofSchema.parse(
    JSON.parse(readFileSync(join(example, 'proof.json'), 'utf8')),
  );
  const retitle = (text: string, write = (title: string) => title) =>
    failures.reduce(
      (now, { title }) => now.replaceAll(write(title), write(exchangeInLine(title))),
      text,
    );
  for (const file of globSync('*.test.ts', { cwd: example }))
    edit(join(example, file), (text) => retitle(text));
  edit(join(example, 'proof.json'), (text) => retitle(text, escapeTitle));
  return retitle;
}

/** As a string has it in JSON. */
const escapeTitle = (title: string): string => JSON.stringify(title).slice(1, -1);

/** The records of a copy are of what it is: its tests would run the same lines, under its own name. */
function writeKeys(root: string, id: string): void {
  const page = readFileSync(join(root, `patterns/${id}.md`), 'utf8');
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

/** What is installed here is installed there, as hard links; the kit is its own. */
function linkModules(root: string): void {
  for (const folder of ['node_modules', 'agents/node_modules']) link(folder, root, folder);
  for (const name of ['.astro', '.vite', '.cache', '@touchstone'])
    rmSync(join(root, 'node_modules', name), { recursive: true, force: true });
  mkdirSync(join(root, 'node_modules/@touchstone'));
  symlinkSync(join(root, 'examples/kit'), join(root, 'node_modules/@touchstone/kit'));
}

/** An example may have a version of a package that the others do not have. */
function linkOwnModules(root: string, original: string, id: string): void {
  link(`examples/${original}/node_modules`, root, `examples/${id}/node_modules`);
}

/** Not a link to the folder: a module would find its neighbours here, by its real path, and not there. */
function link(from: string, root: string, to: string): void {
  if (!existsSync(join(ROOT, from)) || existsSync(join(root, to))) return;
  execFileSync('cp', ['--archive', '--link', join(ROOT, from), join(root, to)]);
}

/** The history says what changed: nothing did, since the first of two commits. */
function commitAll(root: string): void {
  const author = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.com'];
  const git = (...words: string[]) => execFileSync('git', [...author, ...words], { cwd: root });
  git('init', '--quiet');
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
