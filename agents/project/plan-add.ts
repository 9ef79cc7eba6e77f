import { posix } from 'node:path';
import { TESTS_FOLDER } from '../../scripts/pattern/copied-tests.ts';
import { slugOf } from '../../scripts/pattern/ids.ts';
import type { Library } from '../library/open-library.ts';
import { PACKAGE } from '../library/package-name.ts';
import type { FileRole, PatternManifest } from '../library/types.ts';
import { collectPackages } from './collect-packages.ts';
import { findUnmet } from './find-unmet.ts';
import { listRequired } from './list-required.ts';
import { listRewriters } from './list-rewriters.ts';
import { listSlots, type Slot } from './list-slots.ts';
import { hashContent, type Lock, readProjectLock, refuseNewerLock } from './lock-file.ts';
import { listNamesBefore, nameMigration } from './migration-name.ts';
import { listNext } from './next-steps.ts';
import {
  comparePackages,
  findManager,
  type OtherVersion,
  type PackageChange,
  readManifest,
} from './package-json.ts';
import { placeScripts } from './place-scripts.ts';
import type { Project } from './project.ts';
import { rewriteImports } from './rewrite-imports.ts';
import { findSettings, type Settings, type SettingsOptions } from './settings.ts';
import { SHARED, SHARED_FILES } from './shared-files.ts';
import { findBareWorkspace, findVersionAbove } from './workspace.ts';

/**
 * What becomes of a file: it is written; it is there as it should be; it was edited since it was
 * copied and is left alone; or another file is in its place.
 */
export type FileState = 'write' | 'same' | 'edited' | 'in the way';

/** A file that adding patterns writes. */
export type PlannedFile = {
  pattern: string;
  role: FileRole;
  /** Where it goes, from the root of the project. */
  path: string;
  /** Its path in the library. */
  source: string;
  text: string;
  sha256: string;
  state: FileState;
};

/** All that adding patterns changes in a project; nothing is written yet. */
export type AddPlan = {
  /** The patterns, those that others build on first. */
  patterns: string[];
  /** Those of them that were asked for. */
  asked: string[];
  /** The others, which are added because these build on them, each with those that do. */
  brought: { id: string; requiredBy: string[] }[];
  settings: Settings;
  files: PlannedFile[];
  packages: PackageChange;
  others: OtherVersion[];
  environment: string[];
  /** What the files need and the project does not have: nothing is written before. */
  unmet: string[];
  /** What to do next, a sentence each. */
  next: string[];
};

/** What a caller asks for. */
export type AddOptions = SettingsOptions & {
  /** Brings the tests of the patterns that are asked for, not of those that they build on. */
  withTests?: boolean | undefined;
  /** The patterns of which the tests come, where it is not all or none. */
  testsOf?: readonly string[];
  now?: Date | undefined;
  /** The project applies its migrations itself when it starts. */
  migratesAtStart?: boolean;
};

/** Plans how the patterns, and those they require, are added to the project. */
export function planAdd(
  library: Library,
  project: Project,
  ids: string[],
  options: AddOptions = {},
): AddPlan {
  const manifest = readManifest(project);
  const lock = readProjectLock(project);
  refuseNewerLock(lock, library.version);
  const tested = new Set(options.testsOf ?? (options.withTests ? ids : []));
  const requires = (id: string) => listRequired(library, id, tested.has(id));
  const patterns = resolveRequired(requires, ids);
  const settings = findSettings(project, options);
  const manifests = patterns.map((id) => library.readManifest(id));
  const files = planFiles({ library, project, settings, manifests, tested, now: options.now });
  const version = findVersionAbove(project.root, PACKAGE) ?? library.version;
  const change = collectPackages({ version }, manifests, tested);
  const { missing, others } = comparePackages(manifest, change);
  const { packages, step: scripts } = placeScripts(project.root, missing);
  const environment = [...new Set(manifests.flatMap(({ environment }) => environment))].sort();
  const asked = patterns.filter((id) => ids.includes(id));
  const brought = listBrought(requires, patterns, asked);
  const isPlaced = lock !== undefined || options.directory !== undefined;
  const plan = {
    patterns,
    asked,
    brought,
    settings,
    files,
    packages,
    others,
    environment,
    unmet: [
      ...findUnmet({ settings, hasTests: tested.size > 0 }),
      ...(isPlaced ? [] : findBareWorkspace(project, manifest)),
    ],
  };
  const needs = patterns.flatMap((id) => library.find(id)?.needs ?? []);
  const next = listNext(plan, {
    manifests,
    needs,
    scripts,
    rewriters: lock ? [] : listRewriters(project),
    isModule: manifest.type === 'module',
    manager: findManager(project),
    isNest: '@nestjs/core' in { ...manifest.dependencies },
    migratesAtStart: options.migratesAtStart === true,
  });
  return { ...plan, next };
}

type Requires = (id: string) => string[];

function listBrought(requires: Requires, patterns: string[], asked: string[]) {
  return patterns
    .filter((id) => !asked.includes(id))
    .map((id) => ({ id, requiredBy: patterns.filter((other) => requires(other).includes(id)) }));
}

/** Depth first, each once. */
function resolveRequired(requires: Requires, ids: string[]): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  for (const id of ids) visit(id);
  return order;

  function visit(id: string): void {
    if (seen.has(id)) return;
    seen.add(id);
    for (const required of requires(id)) visit(required);
    order.push(id);
  }
}

type Job = {
  library: Library;
  project: Project;
  settings: Settings;
  manifests: PatternManifest[];
  /** The patterns whose tests come. */
  tested: ReadonlySet<string>;
  now: Date | undefined;
};

function planFiles(job: Job): PlannedFile[] {
  const { library, project, settings, manifests, tested, now = new Date() } = job;
  const lock = readProjectLock(project);
  const names = listNamesBefore(project.list(settings.migrations), manifests);
  const planned = listSlots(manifests, tested).map((slot) => {
    const { id, role, source } = slot;
    const text = rewriteImports(slot, library.readFile(id, role, source), settings);
    const path = findLocked(lock, slot) ?? place({ ...slot, text });
    const file = { pattern: id, role, path, source, text, sha256: hashContent(text) };
    return { ...file, state: compare(project, lock, file) };
  });
  return tested.size > 0 ? [...planned, ...planShared(project, lock, settings)] : planned;

  function place({ id, role, source, text }: Slot & { text: string }): string {
    const slug = slugOf(id);
    if (role === 'pattern') return posix.join(settings.directory, slug, source);
    if (role === 'test') return posix.join(settings.directory, TESTS_FOLDER, slug, source);
    const applied = names
      .map((name) => posix.join(settings.migrations, name))
      .find((path) => project.read(path) === text);
    // Its record is gone, and its tables are there: it is not written twice.
    if (applied) return applied;
    const subject = source === 'schema.sql' ? slug : `${slug}_${source.replace(/\.sql$/, '')}`;
    const name = nameMigration(names, subject, now);
    names.push(name);
    return posix.join(settings.migrations, name);
  }
}

/** A file that was copied before stays where it went, a migration above all. */
function findLocked(lock: Lock | undefined, { id, role, source }: Slot): string | undefined {
  const files = Object.entries(lock?.patterns[id]?.files ?? {});
  return files.find(([, file]) => file.role === role && file.source === source)?.[0];
}

function compare(
  project: Project,
  lock: Lock | undefined,
  file: Omit<PlannedFile, 'state'>,
): FileState {
  const present = project.read(file.path);
  if (present === undefined) return 'write';
  const locked = lock?.patterns[file.pattern]?.files[file.path];
  if (hashContent(present) === (locked?.sha256 ?? file.sha256)) return 'same';
  return locked ? 'edited' : 'in the way';
}

function planShared(
  project: Project,
  lock: Lock | undefined,
  { directory }: Settings,
): PlannedFile[] {
  return [...SHARED_FILES].map(([source, text]) => {
    const path = posix.join(directory, TESTS_FOLDER, source);
    const file = { pattern: SHARED, role: 'test' as const, path, source, text };
    const hashed = { ...file, sha256: hashContent(text) };
    return { ...hashed, state: compare(project, lock, hashed) };
  });
}
