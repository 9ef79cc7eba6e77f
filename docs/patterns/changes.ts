import { examplePath } from '../../scripts/pattern/ids.ts';
import { type Commit, findLastUpdated } from './commits.ts';
import { listPageFiles } from './evidence.ts';
import type { SitePattern } from './library.ts';

/** When a page was first there, when it or the code to copy last changed, and which of its files changed on that day. */
export type PageHistory = { published: Date; changed: Date; latest: string[] };

/** A pattern that is new or that changed; `files` are those of the code to copy that changed, by their names in the example. */
export type Change = { pattern: SitePattern; date: Date; isNew: boolean; files: string[] };

/** The history of a page, whose own file is the first one; undefined when it has none, such as in an archive. */
export function findHistory(
  commits: ReadonlyMap<string, Commit>,
  [page = '', ...taken]: readonly string[],
): PageHistory | undefined {
  const published = commits.get(page)?.first;
  const files = [page, ...taken];
  const changed = findLastUpdated(commits, files);
  if (!published || !changed) return undefined;
  const latest = files.filter((file) => nameDay(commits.get(file)?.date) === nameDay(changed));
  return { published, changed, latest };
}

/** What happened to the patterns, the newest first: each appeared once, and each that changed on a later day did so last. */
export function listChanges(
  patterns: readonly SitePattern[],
  commits: ReadonlyMap<string, Commit>,
  listFiles = listPageFiles,
): Change[] {
  const changes = patterns.flatMap((pattern): Change[] => {
    const files = listFiles(process.cwd(), pattern.id, pattern.data.files);
    const history = findHistory(commits, files);
    if (!history) return [];
    const { published, changed, latest } = history;
    const appeared = { pattern, date: published, isNew: true, files: [] };
    if (nameDay(published) === nameDay(changed)) return [appeared];
    const folder = `${examplePath(pattern.id)}/`;
    const code = latest.filter((file) => file.startsWith(folder));
    const names = code.map((file) => file.slice(folder.length));
    return [appeared, { pattern, date: changed, isNew: false, files: names }];
  });
  return changes.sort((a, b) => b.date.getTime() - a.date.getTime());
}

/** The day of a date: `2026-11-30`. */
export const nameDay = (date: Date | undefined): string => date?.toISOString().slice(0, 10) ?? '';
