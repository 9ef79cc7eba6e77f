import { followImports, listPackages } from '../../scripts/pattern/follow-imports.ts';
import { readReferences } from '../../scripts/pattern/read-references.ts';
import type { SourcePattern } from './read-pattern.ts';

/** The files of code that a project gets of a pattern: what the page names, and what those import. */
export const listOwnFiles = ({ data, sources }: SourcePattern): Set<string> =>
  followImports(
    sources,
    data.files.filter((path) => !path.endsWith('.sql')),
  );

/** What the files import, each as often as it is imported. */
export const listImports = (
  sources: ReadonlyMap<string, string>,
  paths: ReadonlySet<string>,
): string[] => [...paths].flatMap((path) => readReferences(path, sources.get(path) ?? '').imports);

/** What keeps the files of a pattern from being copied into a project. */
export function findFileFaults(pattern: SourcePattern): string[] {
  return [...findMissing(pattern), ...findForeign(pattern, listOwnFiles(pattern))];
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
