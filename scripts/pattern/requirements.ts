import type { Finding, FindingCode } from '../engine/findings.ts';
import { type ReadFrontmatter, readFrontmatter } from '../page/frontmatter.ts';
import { hintAt, shorten } from '../text/hints.ts';
import { followImports } from './follow-imports.ts';
import { type ForeignReference, listForeign } from './foreign-references.ts';
import { examplePath, pagePath, slugOf } from './ids.ts';
import { readPatternFiles } from './read-pattern-files.ts';

/** A page that was read, and the sources of its example. */
export type RequiringPage = {
  id: string;
  file: string;
  sources: ReadonlyMap<string, string>;
  frontmatter: ReadFrontmatter;
};

/** Finds what is wrong with how a pattern builds on others. */
export type CheckRequirements = (page: RequiringPage) => Finding[];

/** What is known of a pattern that others build on. */
type Known = { level: number; requires: readonly string[]; taken: ReadonlySet<string> };

type Fault = { code: FindingCode; message: string; fix: string; hint?: string };

/** Opens a repository to check how its patterns build on each other; each is read once a run. */
export function openRequirements(root: string, ids: readonly string[]): CheckRequirements {
  const known = new Map<string, Known | undefined>();

  return function checkRequirements(page) {
    const { data } = page.frontmatter;
    if (data === undefined) return [];
    const taken = followTaken(page.sources, data.files);
    const references = listForeign(page.id, page.sources);
    return [
      ...checkSlug(page),
      ...references.flatMap((reference) => checkReference(page, reference, taken)),
      ...data.requires.flatMap((other, index) =>
        checkRequired(page, { other, index, used: listUsed(references, taken) }),
      ),
    ];
  };

  function describe(id: string): Known | undefined {
    if (!known.has(id)) known.set(id, readKnown(root, id));
    return known.get(id);
  }

  /** A reader's project has one folder for each slug. */
  function checkSlug({ id, file }: RequiringPage): Finding[] {
    const twin = ids.find((other) => other !== id && slugOf(other) === slugOf(id));
    if (twin === undefined) return [];
    const message = `${twin} has the slug ${shorten(slugOf(id))} too, and both go to one folder`;
    const fix = 'rename one of the two patterns, and put its old id into formerly';
    return [{ code: 'slug-twice', file, line: 1, column: 1, message, fix }];
  }

  function checkReference(
    page: RequiringPage,
    reference: ForeignReference,
    taken: ReadonlySet<string>,
  ): Finding[] {
    const fault = findFault(page, reference, taken.has(reference.path));
    const { path, line, column } = reference;
    return fault ? [{ file: examplePath(page.id, path), line, column, ...fault }] : [];
  }

  function findFault(
    { id, frontmatter }: RequiringPage,
    { word, target, isImport }: ForeignReference,
    isTaken: boolean,
  ): Fault | undefined {
    if (target === undefined) {
      const message = `${shorten(word)} names an example as a package, which no reader can install`;
      const fix = `write its path: '../../<area>/<slug>/<file>'`;
      return { code: 'import-foreign', message, fix };
    }
    if (!ids.includes(target.id)) return isImport ? nameUnknown(target.id) : undefined;
    const files = describe(target.id)?.taken ?? new Set();
    if (!files.has(target.path)) return nameNotTaken(target, files);
    if (isTaken && target.path.endsWith('.sql')) return nameSchema(target.path);
    // What a reader does not take may use any pattern: `add --with-tests` brings what tests use.
    if (!isTaken || frontmatter.data?.requires.includes(target.id)) return undefined;
    const message = `this uses ${target.id}, and the page does not require it`;
    const fix = `add ${target.id} to requires in ${pagePath(id)}`;
    return { code: 'requires-missing', message, fix };
  }

  function nameUnknown(other: string): Fault {
    const message = `there is no pattern ${shorten(other)} to import from`;
    const fix = 'import from a pattern that is there';
    return { code: 'import-foreign', message, fix, ...hintAt(other, ids) };
  }

  function checkRequired(
    { id, file, frontmatter }: RequiringPage,
    { other, index, used }: { other: string; index: number; used: ReadonlySet<string> },
  ): Finding[] {
    const required = describe(other);
    if (required === undefined) return []; // pattern-unknown says so
    const here = { file, ...frontmatter.locate(['requires', index]) };
    const findings: Finding[] = [];
    if (!used.has(other)) findings.push({ ...here, ...nameUnused(other) });
    const circle = findCircle(id, other, describe);
    if (circle !== undefined) findings.push({ ...here, ...nameCircle(circle) });
    const level = frontmatter.data?.level ?? 1;
    if (level <= required.level) return findings;
    const place = { file, ...frontmatter.locate(['level']) };
    return [...findings, { ...place, ...nameLevel(level, other, required.level) }];
  }
}

function readKnown(root: string, id: string): Known | undefined {
  const { page, example } = readPatternFiles(root, id);
  const data = page === undefined ? undefined : readFrontmatter(pagePath(id), page).data;
  if (data === undefined) return undefined;
  const taken = followTaken(example?.sources ?? new Map(), data.files);
  return { level: data.level, requires: data.requires, taken };
}

/** What a reader takes: the files that the page names, and what those import. */
const followTaken = (sources: ReadonlyMap<string, string>, files: string[]): Set<string> =>
  followImports(sources, files);

/** The patterns of which a file that a reader takes uses something. */
function listUsed(references: ForeignReference[], taken: ReadonlySet<string>): Set<string> {
  const used = references.filter(({ path, target }) => target && taken.has(path));
  return new Set(used.flatMap(({ target }) => target?.id ?? []));
}

type Describe = (id: string) => Known | undefined;

/** The way from a pattern over one that it requires back to itself. */
function findCircle(id: string, first: string, describe: Describe): string[] | undefined {
  const seen = new Set<string>();
  return walk(first, [id]);

  function walk(at: string, way: string[]): string[] | undefined {
    if (at === id) return [...way, at];
    if (seen.has(at)) return undefined;
    seen.add(at);
    for (const next of describe(at)?.requires ?? []) {
      const found = walk(next, [...way, at]);
      if (found) return found;
    }
    return undefined;
  }
}

function nameNotTaken({ id, path }: { id: string; path: string }, files: ReadonlySet<string>) {
  const message = `${shorten(path)} is not one of the files to copy of ${id}`;
  const fix = `use one that is, or name it in files of ${pagePath(id)}`;
  return { code: 'import-foreign' as const, message, fix, ...hintAt(path, files) };
}

function nameSchema(path: string): Fault {
  const message = `${shorten(path)} is copied to the migrations of a project, so this path does not exist there`;
  return { code: 'import-foreign', message, fix: 'name it in tests only' };
}

function nameUnused(other: string): Fault {
  const message = `requires names ${other}, and none of the files to copy uses it`;
  const fix = `import from it, or move it to related`;
  return { code: 'requires-unused', message, fix };
}

function nameCircle(way: string[]): Fault {
  const message = `the patterns require each other in a circle: ${way.join(' → ')}`;
  const fix = 'move what both need into a pattern of its own';
  return { code: 'requires-circle', message, fix };
}

function nameLevel(level: number, other: string, least: number): Fault {
  const message = `level ${level} is more than that of ${other}, which it requires: ${least}`;
  const fix = `write level: ${least}, or raise ${other} first`;
  return { code: 'level-above-required', message, fix };
}
