import { execFileSync } from 'node:child_process';

/** The date of the newest commit of each file, by path; empty without git or full history. */
export function readCommitDates(root: string): Map<string, Date> {
  try {
    // A shallow clone gives every file the date of its one commit: no date is better than that.
    if (git(root, 'rev-parse', '--is-shallow-repository').trim() !== 'false') return new Map();
    return parseCommitDates(
      git(root, 'log', '--format=%x00%cI', '--name-only', '--', 'docs', 'examples', 'patterns'),
    );
  } catch {
    return new Map();
  }
}

/** Reads `git log --format=%x00%cI --name-only`, newest commit first. */
export function parseCommitDates(log: string): Map<string, Date> {
  const dates = new Map<string, Date>();
  for (const commit of log.split('\0').slice(1)) {
    const [date = '', ...paths] = commit.split('\n').filter(Boolean);
    for (const path of paths) if (!dates.has(path)) dates.set(path, new Date(date));
  }
  return dates;
}

/** When a page last changed: a pattern page counts as changed when its example did. */
export function findLastUpdated(dates: Map<string, Date>, page: string): Date | undefined {
  const example = page.replace(/^patterns\/(.*)\.md$/, 'examples/$1/');
  const changes = [...dates]
    .filter(([path]) => path === page || (example !== page && path.startsWith(example)))
    .map(([, date]) => date.getTime());
  return changes.length > 0 ? new Date(Math.max(...changes)) : undefined;
}

function git(root: string, ...words: string[]): string {
  return execFileSync('git', words, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
