import { followImports, listPackages } from '../../scripts/pattern/follow-imports.ts';
import { readReferences } from '../../scripts/pattern/read-references.ts';
import type { SourcePattern } from './read-pattern.ts';

/** The files of code that a project gets of a pattern: what the page names, and what those import. */
export const listOwnFiles = ({ data, sources }: SourcePattern): Set<string> =>
  followImports(
    sources,
    data.files.filter((path) => !path.endsWith('.sql')),
  );

/** The tests that are copied. */
export const TESTS = 'failures.test.ts';

/** The files that the tests of a copy consist of, without the pattern's own. */
export function listTestFiles(pattern: SourcePattern): Set<string> {
  const tests = followImports(pattern.sources, [TESTS], { folders: true });
  for (const path of listOwnFiles(pattern)) tests.delete(path);
  return tests;
}

/** What the files import, each as often as it is imported. */
export const listImports = (
  sources: ReadonlyMap<string, string>,
  paths: ReadonlySet<string>,
): string[] => [...paths].flatMap((path) => readReferences(path, sources.get(path) ?? '').imports);

/** What keeps the files of a pattern from being copied into a project. */
export function findFileFaults(pattern: SourcePattern): string[] {
  const own = listOwnFiles(pattern);
  const copied = new Set([...own, ...listTestFiles(pattern)]);
  return [...findMissing(pattern), ...findForeign(pattern, own), ...findUnnamed(pattern, copied)];
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

const UNNAMED_FILE = /new URL\(\s*[^'"\s(),][^,]*,\s*import\.meta\.url/;

/** In a project a test lies in another folder than the file it reads, so the address must be there to rewrite. */
const findUnnamed = ({ sources }: SourcePattern, copied: ReadonlySet<string>): string[] =>
  [...copied]
    .filter((path) => path.endsWith('.ts') && UNNAMED_FILE.test(sources.get(path) ?? ''))
    .map(
      (path) =>
        `${path} is copied, and opens a file by a variable: write new URL('its name', import.meta.url)`,
    );
