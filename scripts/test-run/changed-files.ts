import { execFileSync } from 'node:child_process';
import { UsageError } from '../command-line/usage-error.ts';

/** The commit that the tree is compared with, and the files that differ from it. */
export type Changes = { base: string; files: string[] };

/**
 * The files that differ from the base, committed or not: the base is where the branch left the
 * revision, by default origin/main, or the last commit but one. Undefined where git knows nothing.
 */
export function listChanges(root: string, revision?: string): Changes | undefined {
  const git = createGit(root);
  const base = revision === undefined ? findBase(git) : findMergeBase(git, revision);
  if (revision !== undefined && !base)
    throw new UsageError(`git has no commit "${revision}" here: fetch it, or name another --base`);
  if (!base) return undefined;
  const differing = git('diff', '-z', '--name-only', '--no-renames', '--relative', base);
  const untracked = git('ls-files', '-z', '--others', '--exclude-standard');
  if (differing === undefined || untracked === undefined)
    throw new Error(`git cannot list the changes since ${base} in ${root}: run git status there`);
  const files = new Set(`${differing}${untracked}`.split('\0').filter(Boolean));
  return { base, files: [...files].sort() };
}

/** The hash of the newest commit; undefined where git knows none. */
export function readHead(root: string): string | undefined {
  return readCommit(createGit(root), 'HEAD');
}

type Git = (...words: string[]) => string | undefined;

function findBase(git: Git): string | undefined {
  const head = readCommit(git, 'HEAD');
  const forked = findMergeBase(git, 'origin/main');
  if (forked && forked !== head) return forked;
  return readCommit(git, 'HEAD~1') ?? head;
}

/** A shallow clone may have the revision and not where the branch left it: then the revision itself. */
function findMergeBase(git: Git, revision: string): string | undefined {
  const commit = readCommit(git, revision);
  return commit && (git('merge-base', commit, 'HEAD')?.trim() || commit);
}

function readCommit(git: Git, revision: string): string | undefined {
  const words = ['--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  return git('rev-parse', ...words)?.trim() || undefined;
}

/** Git in the folder: what it prints, or undefined when it fails or is not there. */
function createGit(root: string): Git {
  return function git(...words) {
    try {
      return execFileSync('git', words, {
        cwd: root,
        encoding: 'utf8',
        maxBuffer: 1 << 26,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    } catch {
      return undefined;
    }
  };
}
