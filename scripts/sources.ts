import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { Finding } from './engine/findings.ts';

/** What an example has to be read: its source files by their path in it, and its records. */
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
  const walk = { root: realpathSync.native(root), folder: `examples/${id}`, files };
  const folder = resolveInside(walk, walk.folder);
  if (folder === undefined) return files.findings.length > 0 ? files : undefined;
  readFolder(walk, '');
  return files;
}

/** The sources of an example alone; none when there is no such folder. */
export function readSources(root: string, id: string): Map<string, string> {
  return readExample(root, id)?.sources ?? new Map();
}

/** The text of a file of the repository; undefined when it is not there or leads out, which is a finding. */
export function readInside(root: string, path: string, findings: Finding[]): string | undefined {
  const files: ExampleFiles = { sources: new Map(), findings };
  const walk = { root: realpathSync.native(root), folder: '', files };
  return resolveInside(walk, path) === undefined ? undefined : readText(walk, path);
}

function readFolder(walk: Walk, prefix: string): void {
  const folder = join(walk.root, walk.folder, prefix);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.name.startsWith('.') && !IGNORED.has(entry.name)) readEntry(walk, prefix, entry);
  }
}

function readEntry(walk: Walk, prefix: string, entry: Dirent): void {
  const path = prefix + entry.name;
  if (entry.isDirectory()) {
    readFolder(walk, `${path}/`);
    return;
  }
  if (!entry.isFile() && !(entry.isSymbolicLink() && isLinkToFile(walk, path))) return;
  const text = readText(walk, `${walk.folder}/${path}`);
  if (text === undefined) return;
  const record = RECORDS[entry.name];
  if (record !== undefined) walk.files[record] = text;
  else walk.files.sources.set(path, text);
}

function isLinkToFile(walk: Walk, path: string): boolean {
  const file = `${walk.folder}/${path}`;
  const target = resolveInside(walk, file);
  if (target === undefined) {
    if (walk.files.findings.at(-1)?.file !== file)
      reportUnreadable(walk, file, 'the link is broken');
    return false;
  }
  if (statSync(target).isFile()) return true;
  reportLink(walk, file, 'links to something that is not a file');
  return false;
}

/** The real path of a path, if it exists and is inside the repository. */
function resolveInside(walk: Walk, path: string): string | undefined {
  let real: string;
  try {
    real = realpathSync.native(join(walk.root, path));
  } catch {
    return undefined;
  }
  if (real.startsWith(walk.root + sep)) return real;
  reportLink(walk, path, 'points outside the repository');
  return undefined;
}

function readText(walk: Walk, path: string): string | undefined {
  try {
    return readFileSync(join(walk.root, path), 'utf8');
  } catch (error) {
    reportUnreadable(walk, path, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function reportLink({ files }: Walk, file: string, fault: string): void {
  const message = `this link ${fault}, so it is not read`;
  const fix = 'replace the link by a file';
  files.findings.push({ code: 'source-link', file, line: 1, column: 1, message, fix });
}

function reportUnreadable({ files }: Walk, file: string, reason: string): void {
  const message = `this cannot be read: ${reason}`;
  const fix = 'remove it, or make it a file that can be read';
  files.findings.push({ code: 'file-unreadable', file, line: 1, column: 1, message, fix });
}
