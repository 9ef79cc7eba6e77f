import { execFileSync } from 'node:child_process';

/** The newest commit of a file as pages name it, and when the file was first committed. */
export type Commit = { hash: string; date: Date; first: Date };

/** The newest commit of each file, by path; empty without git or full history. */
export function readCommits(root: string): Map<string, Commit> {
  try {
    // A shallow clone gives every file the date of its one commit: no date is better than that.
    if (git(root, 'rev-parse', '--is-shallow-repository').trim() !== 'false') return new Map();
    const format = '--format=%x00%h %cI';
    return parseCommits(
      git(root, 'log', format, '--name-only', '--', 'docs', 'examples', 'patterns'),
    );
  } catch {
    return new Map();
  }
}

let known: Map<string, Commit> | undefined;

/** The commits as they were when this process began: git is asked once a build. */
export function getCommits(root: string): Map<string, Commit> {
  known ??= readCommits(root);
  return known;
}

/** Reads `git log --format=%x00%h %cI --name-only`, newest commit first. */
export function parseCommits(log: string): Map<string, Commit> {
  const commits = new Map<string, Commit>();
  for (const entry of log.split('\0').slice(1)) {
    const [head = '', ...paths] = entry.split('\n').filter(Boolean);
    const [hash = '', date = ''] = head.split(' ');
    for (const path of paths) {
      const newest = commits.get(path) ?? { hash, date: new Date(date) };
      commits.set(path, { ...newest, first: new Date(date) });
    }
  }
  return commits;
}

/** When one of some files last changed; undefined when none of them is in the history. */
export function findLastUpdated(
  commits: ReadonlyMap<string, Commit>,
  paths: Iterable<string>,
): Date | undefined {
  const changes = [...paths].flatMap((path) => commits.get(path)?.date.getTime() ?? []);
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
