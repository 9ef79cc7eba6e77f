import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buildLibrary, type LibraryPattern, writeIndex } from './build-library.ts';
import { bundleCode } from './bundle-code.ts';
import { compileKit } from './compile-kit.ts';
import { indexSearch, readTopics } from './index-search.ts';
import { writeBundles } from './write-bundles.ts';

/** Writes `dist/` of the package: the library, the commands and the kit, as `npm pack` takes them. */
export async function buildPackage(root: string): Promise<void> {
  const folder = join(root, 'agents');
  const dist = join(folder, 'dist');
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    version: string;
  };
  rmSync(dist, { recursive: true, force: true });
  writeLibrary(root, { version, folder: join(dist, 'library') });
  await bundleCode(folder, dist);
  compileKit(root, join(dist, 'kit'));
}

/** Writes the library alone: all that is text. */
export function writeLibrary(
  root: string,
  { version, folder }: { version: string; folder: string },
): void {
  const library = buildLibrary(root, version);
  const write = (path: string, text: string) => writeFile(join(folder, path), text);
  write('index.json', JSON.stringify(writeIndex(library)));
  const sources = library.patterns.map(({ source }) => source);
  write('search.json', JSON.stringify(indexSearch(sources, readTopics(root))));
  for (const { entry, texts, taken } of library.patterns) {
    const prefix = `patterns/${entry.id}`;
    write(`${prefix}/manifest.json`, JSON.stringify(taken.manifest));
    for (const [detail, text] of Object.entries(texts)) write(`${prefix}/${detail}.md`, text);
    for (const { role, path, text } of taken.texts) write(`${prefix}/files/${role}/${path}`, text);
  }
  for (const [area, patterns] of groupByArea(library.patterns)) {
    for (const { budget, text } of writeBundles(area, patterns.map(toBundled)))
      write(`bundles/${area}.${budget / 1_000}k.md`, text);
  }
}

/** Patterns by area, in the order of the areas' names. */
export function groupByArea(patterns: LibraryPattern[]): [string, LibraryPattern[]][] {
  const groups = Object.groupBy(patterns, ({ entry }) => entry.area);
  return Object.entries(groups).map(([area, group = []]) => [area, group]);
}

const toBundled = ({ entry, texts }: LibraryPattern) => ({
  id: entry.id,
  level: entry.level,
  failures: entry.failures,
  texts,
});

function writeFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
