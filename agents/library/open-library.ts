import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nameBundle } from '../generate/budgets.ts';
import type { SearchIndex } from './search-index.ts';
import type {
  Detail,
  FileRole,
  LibraryIndex,
  PatternEntry,
  PatternManifest,
  ServiceTemplate,
} from './types.ts';

/** The patterns of this package. Everything is a file beside the code: nothing asks a network. */
export type Library = {
  version: string;
  /** Sorted by id. */
  patterns: PatternEntry[];
  find: (id: string) => PatternEntry | undefined;
  readText: (id: string, detail: Detail) => string;
  readManifest: (id: string) => PatternManifest;
  /** A file as a project gets it. */
  readFile: (id: string, role: FileRole, path: string) => string;
  /** What a new service consists of. */
  readService: () => ServiceTemplate;
  /** The index that a search reads. */
  readSearchIndex: () => SearchIndex;
  /** What AGENTS.md of a project says of the library. */
  readBlock: () => string;
  /** The Agent Skills of the package, by their paths in a folder of skills. */
  readSkills: () => ReadonlyMap<string, string>;
  /** Undefined when there is no such bundle. */
  readBundle: (area: string, budget: number) => string | undefined;
};

/** Opens the library in a folder. */
export function openLibrary(folder: string): Library {
  const { version, patterns } = readJson<LibraryIndex>('index.json');
  const byId = new Map(patterns.map((pattern) => [pattern.id, pattern]));
  return {
    version,
    patterns,
    find: (id) => byId.get(id),
    readText: (id, detail) => read(`patterns/${id}/${detail}.md`),
    readManifest: (id) => readJson(`patterns/${id}/manifest.json`),
    readFile: (id, role, path) => read(`patterns/${id}/files/${role}/${path}`),
    readService: () => readJson('service.json'),
    readSearchIndex: () => readJson('search.json'),
    readBlock: () => read('AGENTS.block.md'),
    readSkills() {
      // The package has them once, where tools look for them: beside `dist`.
      const skills = join(folder, '../../skills');
      const files = readdirSync(skills, { recursive: true, encoding: 'utf8' }).sort();
      const paths = files.filter((path) => path.endsWith('.md'));
      return new Map(
        paths.map((path) => [path.replaceAll('\\', '/'), readFileSync(join(skills, path), 'utf8')]),
      );
    },
    readBundle(area, budget) {
      const file = `bundles/${area}.${nameBundle(budget)}.md`;
      const known = patterns.some((pattern) => pattern.area === area);
      return known && existsSync(join(folder, file)) ? read(file) : undefined;
    },
  };

  function read(path: string): string {
    return readFileSync(join(folder, path), 'utf8');
  }
  function readJson<T>(path: string): T {
    return JSON.parse(read(path)) as T;
  }
}
