import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nameBundle } from './budgets.ts';
import { type BuiltLibrary, type BuiltPattern, buildLibrary, writeIndex } from './build-library.ts';
import { bundleCode } from './bundle-code.ts';
import { toCommittedPattern } from './committed-pattern.ts';
import { compileKit } from './compile-kit.ts';
import { groupByArea } from './group-by-area.ts';
import { indexSearch } from './index-search.ts';
import { writeBlock } from './write-block.ts';
import { writeBundles } from './write-bundles.ts';
import { writeRegistry } from './write-registry.ts';

/** Writes `dist/` of the package: the library, the commands and the kit, as `npm pack` takes them. */
export async function buildPackage(root: string): Promise<void> {
  const folder = join(root, 'agents');
  const dist = join(folder, 'dist');
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    version: string;
  };
  rmSync(dist, { recursive: true, force: true });
  const library = buildLibrary(root, version);
  writeLibraryFiles(library, join(dist, 'library'));
  for (const [path, text] of writeRegistry(library.patterns)) writeFile(join(dist, path), text);
  await bundleCode(folder, dist);
  compileKit(root, join(dist, 'kit'));
}

/** Writes the library alone: all that is text. */
export function writeLibraryFiles(library: BuiltLibrary, folder: string): void {
  const write = (path: string, text: string) => writeFile(join(folder, path), text);
  write('index.json', JSON.stringify(writeIndex(library)));
  const sources = library.patterns.map(({ source }) => source);
  write('search.json', JSON.stringify(indexSearch(sources, library.topics)));
  if (library.service) write('service.json', JSON.stringify(library.service));
  write('AGENTS.block.md', writeBlock(sources.map(toCommittedPattern), library.version));
  for (const { entry, texts, copy } of library.patterns) {
    const prefix = `patterns/${entry.id}`;
    write(`${prefix}/manifest.json`, JSON.stringify(copy.manifest));
    for (const [detail, text] of Object.entries(texts)) write(`${prefix}/${detail}.md`, text);
    for (const { role, path, text } of copy.texts) write(`${prefix}/files/${role}/${path}`, text);
  }
  for (const [area, patterns] of groupByArea(library.patterns.map(toBundled))) {
    for (const { budget, text } of writeBundles(area, patterns))
      write(`bundles/${area}.${nameBundle(budget)}.md`, text);
  }
}

const toBundled = ({ entry, texts }: BuiltPattern) => ({
  id: entry.id,
  area: entry.area,
  level: entry.level,
  failures: entry.failures,
  texts,
});

function writeFile(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
