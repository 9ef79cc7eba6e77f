import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../engine/findings.ts';
import { examplePath } from './ids.ts';
import { describeLink, describeUnreadable, followInside, readTextFile } from './read-inside.ts';

/** What an example has to be read: its source files by their path in it, and the texts of its records. */
export type ExampleFiles = {
  sources: Map<string, string>;
  proof?: string;
  bench?: string;
  mutants?: string;
  equivalents?: string;
  findings: Finding[];
};

type Walk = { root: string; folder: string; files: ExampleFiles };

const RECORDS: Record<string, Exclude<keyof ExampleFiles, 'sources' | 'findings'>> = {
  'proof.json': 'proof',
  'bench.json': 'bench',
  'mutants.json': 'mutants',
  'equivalent-mutants.json': 'equivalents',
};
const IGNORED = new Set(['README.md', 'node_modules', 'dist']);

/**
 * Reads the files of an example; undefined when there is no such folder. Links that lead out of
 * the repository are findings and are not read, nor is anything that is not a file.
 */
export function readExample(root: string, id: string): ExampleFiles | undefined {
  const files: ExampleFiles = { sources: new Map(), findings: [] };
  const walk = { root: realpathSync.native(root), folder: examplePath(id), files };
  const { real, finding } = followInside(walk.root, walk.folder);
  if (finding !== undefined) return { ...files, findings: [finding] };
  if (real === undefined) return undefined;
  readFolder(walk, '');
  return files;
}

/** The sources of an example alone; none when there is no such folder. */
export function readSources(root: string, id: string): Map<string, string> {
  return readExample(root, id)?.sources ?? new Map();
}

function readFolder(walk: Walk, prefix: string): void {
  const folder = join(walk.root, walk.folder, prefix);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (isSource(entry.name)) readEntry(walk, prefix, entry);
  }
}

function readEntry(walk: Walk, prefix: string, entry: Dirent): void {
  const path = prefix + entry.name;
  if (entry.isDirectory()) {
    readFolder(walk, `${path}/`);
    return;
  }
  if (entry.isFile() || (entry.isSymbolicLink() && isLinkToFile(walk, path)))
    addFile(walk, path, entry.name);
}

function addFile({ root, folder, files }: Walk, path: string, name: string): void {
  const inRepository = `${folder}/${path}`;
  const { text, finding } = readTextFile(join(root, inRepository), inRepository);
  if (finding !== undefined) files.findings.push(finding);
  if (text === undefined) return;
  const record = RECORDS[name];
  if (record !== undefined) files[record] = text;
  else files.sources.set(path, text);
}

function isLinkToFile({ root, folder, files }: Walk, path: string): boolean {
  const inRepository = `${folder}/${path}`;
  const { real, finding } = followInside(root, inRepository);
  if (real !== undefined && statSync(real).isFile()) return true;
  files.findings.push(finding ?? describeBadLink(inRepository, real));
  return false;
}

function describeBadLink(path: string, real: string | undefined): Finding {
  return real === undefined
    ? describeUnreadable(path, 'the link is broken')
    : describeLink(path, 'leads to something that is not a file');
}

/** A file whose name begins with a dot belongs to a tool, but for the one that an app documents. */
const isSource = (name: string): boolean =>
  name === '.env.example' || (!name.startsWith('.') && !IGNORED.has(name));
