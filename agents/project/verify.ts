import type { Library } from '../library/open-library.ts';
import { NPX } from '../library/package-name.ts';
import type { PatternManifest } from '../library/types.ts';
import { type CopiedState, listCopied, listIds, requireLock } from './copied-files.ts';
import { findUnmet } from './find-unmet.ts';
import { listLockedRequired } from './list-required.ts';
import { hashContent } from './lock-file.ts';
import { hasConflictMarkers } from './merge-texts.ts';
import { comparePackages, findIncompatible, readManifest } from './package-json.ts';
import type { Project } from './project.ts';
import { findSettings } from './settings.ts';

/** Whether the copied files of a pattern are intact. */
export type Verification = {
  id: string;
  passed: boolean;
  /** What is wrong, each with its fix. */
  issues: string[];
  /** What could be better. */
  suggestions: string[];
  /** The command that verifies again. */
  runAgain: string;
};

/** Checks the copied files, packages and required patterns. It reads, and runs nothing. */
export function verifyPatterns(library: Library, project: Project, ids: string[]): Verification[] {
  const lock = requireLock(project);
  const added = listIds(lock);
  const isNeeded = (id: string) =>
    lock.patterns[id]?.asked ||
    added.some((other) => listLockedRequired(library, lock, other).includes(id));
  const files = listCopied(library, project, ids);
  const settings = findSettings(project);
  return (ids.length > 0 ? ids : added).map((id) => {
    const own = files.filter(({ pattern }) => pattern === id);
    const pattern = library.find(id);
    const manifest = pattern && library.readManifest(id);
    const issues = [
      ...findUnmet({ settings, hasTests: own.some(({ role }) => role === 'test') }),
      ...own.flatMap(findFileIssue),
      ...(manifest ? findPackageIssues(project, manifest) : []),
      ...listLockedRequired(library, lock, id)
        .filter((required) => !added.includes(required))
        .map((required) => `it builds on ${required}, which is missing: ${NPX} add ${required}`),
    ];
    const suggestions = [
      ...own.flatMap(findFileSuggestion),
      ...(own.some(({ role }) => role === 'test')
        ? []
        : [`its failure tests were not copied: ${NPX} add ${id} --with-tests`]),
      ...(isNeeded(id)
        ? []
        : [`nothing builds on it any more: remove it with ${NPX} remove ${id}`]),
    ];
    const runAgain = `${NPX} verify ${id}`;
    return { id, passed: issues.length === 0, issues, suggestions, runAgain };
  });
}

function findFileIssue({ pattern, path, mine, role }: CopiedState): string[] {
  if (mine === undefined)
    return role === 'migration'
      ? [`${path} is missing, so no migration creates its tables: restore the file`]
      : [`${path} is missing: ${NPX} add ${pattern} writes it again`];
  if (hasConflictMarkers(mine))
    return [`${path} has conflict markers: decide which lines stay, and remove the markers`];
  return [];
}

function findFileSuggestion({ path, role, mine, theirs, original, locked }: CopiedState): string[] {
  const isEdited =
    role !== 'migration' && mine !== undefined && hashContent(mine) !== locked.sha256;
  return [
    ...(isEdited ? [`${path} was edited: run its tests`] : []),
    ...(theirs !== undefined && theirs !== original
      ? [`${path} has a newer version: ${NPX} update`]
      : []),
  ];
}

function findPackageIssues(project: Project, manifest: PatternManifest): string[] {
  const { dependencies, devDependencies } = manifest;
  const { missing, others } = comparePackages(readManifest(project), {
    dependencies,
    devDependencies,
  });
  return [
    ...Object.values(missing).flatMap((packages) =>
      Object.entries(packages).map(
        ([name, version]) =>
          `package.json has no ${name}: add version ${version}, which the pattern was tested with`,
      ),
    ),
    ...findIncompatible(others).map(
      ({ name, present, proven }) =>
        `${name} is ${present}, and the pattern was tested with ${proven}: install a compatible version`,
    ),
  ];
}
