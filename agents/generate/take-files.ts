import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { cutFile } from '../../scripts/engine/cut.ts';
import { scanRegions } from '../../scripts/engine/regions.ts';
import { followImports, listPackages } from '../../scripts/pattern/follow-imports.ts';
import { listForeign, resolveForeign } from '../../scripts/pattern/foreign-references.ts';
import { readReferences } from '../../scripts/pattern/read-references.ts';
import { leaveOutTables } from '../../scripts/pattern/sql-statements.ts';
import type { FileRole, Packages, PatternManifest } from '../library/types.ts';
import { countTokens } from './count-tokens.ts';
import type { SourcePattern } from './read-pattern.ts';

/** A file as a project gets it. */
export type TakenText = { role: FileRole; path: string; text: string };

/** The kit as the patterns' tests need it: its modules, and the packages it asks for. */
export type Kit = {
  sources: ReadonlyMap<string, string>;
  packages: Packages;
  /** Of its packages, those of which one fits the machine. */
  binaries: Packages;
  /** The packages with an install script, and whether it must run. */
  installScripts: Record<string, boolean>;
};

/** What a project gets of a pattern, and what is wrong with that. */
export type TakenPattern = { manifest: PatternManifest; texts: TakenText[]; faults: string[] };

const TESTS = 'failures.test.ts';

/** The patterns that another may build on, by id. */
export type Others = ReadonlyMap<string, SourcePattern>;

/** Everything that taking a pattern means: its files without region markers, and what they ask for. */
export function takeFiles(pattern: SourcePattern, kit: Kit, others: Others): TakenPattern {
  const { id, data, sources } = pattern;
  const own = followOwn(pattern);
  const tests = followImports(sources, [TESTS], { folders: true });
  for (const path of own) tests.delete(path);
  const texts = [
    ...[...own].map((path) => toText('pattern', path)),
    ...data.files.filter((path) => path.endsWith('.sql')).map((path) => toMigration(path)),
    ...[...tests].map((path) => toTest(path)),
    ...listRequiredSchemas(pattern, tests, others),
  ];
  return {
    manifest: {
      id,
      files: texts.map(describeFile),
      testRequires: listTestRequires(pattern, tests),
      ...collectPackages(pattern, { own, tests, kit }),
      environment: listEnvironment([...own].map((path) => sources.get(path) ?? '')),
      yours: data.yours,
    },
    texts,
    faults: findFaults(pattern),
  };

  function toText(role: FileRole, path: string): TakenText {
    const stripped = stripMarkers(path, sources.get(path) ?? '');
    const text = stripped.replaceAll("'@touchstone/kit/", "'touchstone/kit/");
    return { role, path, text: path.endsWith('.ts') ? pointAside(text, { id, role, path }) : text };
  }
  function toMigration(path: string): TakenText {
    const { text } = toText('migration', path);
    return { role: 'migration', path, text: leaveOutTables(text, data.yours) };
  }
  /** Tests lie one folder deeper than the pattern they test. */
  function toTest(path: string): TakenText {
    const { text } = toText('test', path);
    return { role: 'test', path, text: path.endsWith('.ts') ? pointUp(text, own) : text };
  }
}

/** What keeps a pattern from being taken. */
export function findFaults(pattern: SourcePattern): string[] {
  return [...findMissing(pattern), ...findForeign(pattern, followOwn(pattern))];
}

/** The pattern's own files: what the page names, and what those import. */
const followOwn = ({ data, sources }: SourcePattern): Set<string> =>
  followImports(
    sources,
    data.files.filter((path) => !path.endsWith('.sql')),
  );

/** The file as it runs, without the lines that only serve the page. */
function stripMarkers(path: string, text: string): string {
  const scan = scanRegions(path, text);
  const cut = scan.markers.size === 0 ? undefined : cutFile(scan);
  return cut === undefined ? text : `${cut.lines.join('\n')}\n`;
}

function pointUp(text: string, own: ReadonlySet<string>): string {
  return text
    .replace(/'\.\/([^'\n]+)'/g, (whole, path: string) => (own.has(path) ? `'../${path}'` : whole))
    .replace(/(new URL\(\s*')([^'\n]+)'/g, (whole, head: string, path: string) =>
      own.has(path) ? `${head}../${path}'` : whole,
    );
}

/** In a project the folders of all patterns are beside each other, each named for its slug. */
function pointAside(text: string, { id, role, path }: Omit<TakenText, 'text'> & { id: string }) {
  const tests = role === 'test' ? 'tests' : '';
  const folder = posix.dirname(posix.join(slugOf(id), tests, path));
  return text.replace(/(['"`])(\.\.\/[^'"`\n]+)\1/g, (whole, mark: string, word: string) => {
    const target = resolveForeign(id, path, word);
    if (target === undefined) return whole;
    const isSchema = target.path.endsWith('.sql');
    const file = isSchema
      ? posix.join(slugOf(id), 'tests', nameRequiredSchema(target))
      : posix.join(slugOf(target.id), target.path);
    const relative = posix.relative(folder, file);
    return `${mark}${relative.startsWith('.') ? relative : `./${relative}`}${mark}`;
  });
}

type Target = { id: string; path: string };

/** A copied test brings the tables of the patterns that it builds on: in a project they are a migration. */
function listRequiredSchemas(
  { id, sources }: SourcePattern,
  tests: ReadonlySet<string>,
  others: Others,
): TakenText[] {
  const targets = listForeign(id, sources, tests).flatMap(({ target }) => target ?? []);
  const schemas = new Map(
    targets
      .filter(({ path }) => path.endsWith('.sql'))
      .map((target) => [nameRequiredSchema(target), target]),
  );
  return [...schemas].map(([path, target]) => {
    const text = others.get(target.id)?.sources.get(target.path) ?? '';
    return { role: 'test', path, text: stripMarkers(target.path, text) };
  });
}

function listTestRequires({ id, data, sources }: SourcePattern, tests: ReadonlySet<string>) {
  const used = listForeign(id, sources, tests).flatMap(({ target }) => target?.id ?? []);
  return [...new Set(used)].filter((other) => !data.requires.includes(other)).sort();
}

const nameRequiredSchema = ({ id, path }: Target): string => `required/${slugOf(id)}/${path}`;

const slugOf = (id: string): string => id.replace(/.*\//, '');

const describeFile = ({ role, path, text }: TakenText) => ({
  role,
  path,
  bytes: Buffer.byteLength(text),
  tokens: countTokens(text),
  sha256: createHash('sha256').update(text).digest('hex'),
});

type Reached = { own: ReadonlySet<string>; tests: ReadonlySet<string>; kit: Kit };

function collectPackages({ sources, packages }: SourcePattern, { own, tests, kit }: Reached) {
  const known = { ...kit.packages, ...packages };
  const ownNames = listPackages(listImports(sources, own));
  const testImports = listImports(sources, tests);
  const modules = followImports(kit.sources, listKitModules(testImports));
  const testNames = listPackages([...testImports, ...listImports(kit.sources, modules)]);
  const dependencies = pick(known, ownNames);
  const devDependencies = pick(known, listTypes(ownNames));
  const testDependencies = pick(known, [
    ...testNames,
    ...listTypes(testNames),
    ...(tests.size > 0 ? ['vitest', 'tsx'] : []),
  ]);
  const optionalTestDependencies = modules.has('postgres-binaries.ts') ? kit.binaries : {};
  const all = { ...dependencies, ...testDependencies, ...optionalTestDependencies };
  return {
    dependencies,
    devDependencies,
    testDependencies: leaveOut(testDependencies, { ...dependencies, ...devDependencies }),
    optionalTestDependencies,
    installScripts: Object.fromEntries(
      Object.entries(kit.installScripts).filter(([name]) => name in all),
    ),
  };
}

const listImports = (sources: ReadonlyMap<string, string>, paths: ReadonlySet<string>): string[] =>
  [...paths].flatMap((path) => readReferences(path, sources.get(path) ?? '').imports);

/** The files of the kit that specifiers name. */
const listKitModules = (specifiers: string[]): string[] =>
  specifiers.flatMap((specifier) => {
    const [, name] = /^@touchstone\/kit\/(.+)$/.exec(specifier) ?? [];
    return name === undefined ? [] : [`${name}.ts`];
  });

const listTypes = (names: string[]): string[] => names.map((name) => `@types/${name}`);

const pick = (packages: Packages, names: string[]): Packages =>
  Object.fromEntries(
    Object.entries(packages)
      .filter(([name]) => names.includes(name) && name !== '@touchstone/kit')
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

const leaveOut = (packages: Packages, others: Packages): Packages =>
  Object.fromEntries(Object.entries(packages).filter(([name]) => !(name in others)));

function listEnvironment(texts: string[]): string[] {
  const names = texts.flatMap((text) => [...text.matchAll(/process\.env\.([A-Z_]+)/g)]);
  return [...new Set(names.map(([, name = '']) => name))].filter((name) => name !== 'PATH').sort();
}

function findMissing({ data, sources }: SourcePattern): string[] {
  if (data.files.length === 0) return ['it names no files to copy'];
  return data.files
    .filter((path) => !sources.has(path))
    .map((path) => `files names ${path}, and the example has no such file`);
}

/** A pattern takes what it needs as arguments: it can be lifted out of its example. */
function findForeign({ sources }: SourcePattern, own: ReadonlySet<string>): string[] {
  return [...own].flatMap((path) => {
    const packages = listPackages(listImports(sources, new Set([path])));
    return packages
      .filter((name) => name === '@touchstone/kit' || name === 'express')
      .map((name) => `${path} is a file to copy, and imports ${name}`);
  });
}
