import type { Library } from '../library/open-library.ts';
import type { PatternManifest } from '../library/types.ts';
import { listTakenRequired } from './list-required.ts';
import { hash } from './lock-file.ts';
import { comparePackages, findIncompatible, readManifest } from './package-json.ts';
import type { Project } from './project.ts';
import { listIds, listTaken, requireLock, type TakenState } from './taken-files.ts';

/** Whether a pattern that was taken still stands as it should. */
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

/** Looks at what was taken: files, packages, required patterns. It reads, and runs nothing. */
export function verifyPatterns(library: Library, project: Project, ids: string[]): Verification[] {
  const lock = requireLock(project);
  const taken = listIds(lock);
  const isNeeded = (id: string) =>
    lock.patterns[id]?.asked ||
    taken.some((other) => listTakenRequired(library, lock, other).includes(id));
  const files = listTaken(library, project, ids);
  return (ids.length > 0 ? ids : taken).map((id) => {
    const own = files.filter(({ pattern }) => pattern === id);
    const pattern = library.find(id);
    const manifest = pattern && library.readManifest(id);
    const issues = [
      ...own.flatMap(findFileIssue),
      ...(manifest ? findPackageIssues(project, manifest) : []),
      ...listTakenRequired(library, lock, id)
        .filter((required) => !taken.includes(required))
        .map((required) => `it builds on ${required}: npx touchstone add ${required}`),
    ];
    const suggestions = [
      ...own.flatMap(findFileSuggestion),
      ...(own.some(({ role }) => role === 'test')
        ? []
        : [`its failure tests are not here: npx touchstone add ${id} --with-tests`]),
      ...(isNeeded(id) ? [] : [`nothing builds on it any more: npx touchstone remove ${id}`]),
    ];
    const runAgain = `npx touchstone verify ${id}`;
    return { id, passed: issues.length === 0, issues, suggestions, runAgain };
  });
}

function findFileIssue({ path, mine, role }: TakenState): string[] {
  if (mine === undefined)
    return role === 'migration'
      ? [`${path} is gone: its tables are made by no migration; restore it`]
      : [`${path} is gone: restore it, or remove the pattern`];
  if (/^(<{7} |>{7} )/m.test(mine))
    return [`${path} holds conflict markers: decide what stays, and take them out`];
  return [];
}

function findFileSuggestion({ path, mine, theirs, original, locked }: TakenState): string[] {
  const isEdited = mine !== undefined && hash(mine) !== locked.sha256;
  return [
    ...(isEdited ? [`${path} was edited: run its tests`] : []),
    ...(theirs !== undefined && theirs !== original
      ? [`${path} has a newer version: npx touchstone update`]
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
        ([name, version]) => `package.json lacks ${name}: it was proven with ${version}`,
      ),
    ),
    ...findIncompatible(others).map(
      ({ name, present, proven }) => `${name} is ${present}, and ${proven} was proven`,
    ),
  ];
}
