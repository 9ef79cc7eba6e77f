import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { followImports, listPackages } from '../../scripts/pattern/follow-imports.ts';
import { listForeign, resolveForeign } from '../../scripts/pattern/foreign-references.ts';
import { slugOf } from '../../scripts/pattern/ids.ts';
import { PACKAGE } from '../library/package-name.ts';
import type { Packages, ServiceTemplate } from '../library/types.ts';
import { listImports, listOwnFiles } from './own-files.ts';
import type { Kit } from './prepare-copy.ts';
import type { SourcePattern } from './read-pattern.ts';
import { rewriteReferences } from './rewrite-references.ts';
import { stripMarkers } from './strip-markers.ts';

/** The pattern whose example is the new service. */
export const SERVICE = 'architecture/service-templates';

/** What is begun with: all that these import is of the service too. */
const ENTRIES = ['main.ts', 'app.test.ts', 'migrations/0003-orders.up.sql'];

/** What the service is compiled with. */
const TOOLS = ['typescript', '@types/node'];

/** What `create` writes besides the patterns: the example's own files, as they are in the folder `src`. */
export function buildService(root: string, pattern: SourcePattern, kit: Kit): ServiceTemplate {
  const { id, sources } = pattern;
  const own = listOwnFiles(pattern);
  const paths = [...followImports(sources, ENTRIES)].filter((path) => !own.has(path));
  const files = paths.map((path) => [path, toText(path)]);
  const used = listForeign(id, sources, paths).flatMap(({ target }) => target?.id ?? []);
  const names = listPackages(listImports(sources, new Set(paths)));
  const known = { ...kit.packages, ...pattern.packages };
  const pick = (wanted: string[]): Packages =>
    Object.fromEntries(
      wanted.filter((name) => name in known).map((name) => [name, known[name] ?? '']),
    );
  const isForTests = (name: string) => name === 'vitest' || name.startsWith('@touchstone/');
  const dependencies = pick(names.filter((name) => !isForTests(name)));
  return {
    id,
    patterns: [...new Set([id, ...used])],
    dependencies,
    devDependencies: {
      ...pick(Object.keys(dependencies).map((name) => `@types/${name}`)),
      ...readTools(root),
    },
    files: Object.fromEntries(files),
  };

  function toText(path: string): string {
    const text = stripMarkers(path, sources.get(path) ?? '');
    return path.endsWith('.ts') ? rewriteReferences(text, ({ word }) => point(path, word)) : text;
  }

  /** Beside the files of the service is the folder of the patterns. */
  function point(path: string, word: string): string | undefined {
    const [, kit] = /^@touchstone\/kit\/(.+)$/.exec(word) ?? [];
    if (kit) return `${PACKAGE}/kit/${kit}`;
    const target = resolveForeign(id, path, word);
    if (target) return `./patterns/${slugOf(target.id)}/${target.path}`;
    const beside = word.replace(/^\.\//, '');
    return own.has(beside) ? `./patterns/${slugOf(id)}/${beside}` : undefined;
  }
}

function readTools(root: string): Packages {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    devDependencies: Packages;
  };
  return Object.fromEntries(TOOLS.map((name) => [name, devDependencies[name] ?? '']));
}
