import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import gt from 'semver/functions/gt.js';
import { z } from 'zod';
import { NPX } from '../library/package-name.ts';
import { joinLocks, separateSides } from './join-locks.ts';
import type { Project } from './project.ts';
import { ProjectError } from './project-error.ts';

/** Where a project records what was copied. */
export const LOCK_FILE = 'touchstone.lock.json';

const lockedFile = z.strictObject({
  role: z.enum(['pattern', 'migration', 'test']),
  /** Its path in the library. */
  source: z.string(),
  sha256: z.string(),
  /** The text as it was written, deflated, in base64: what an update merges from. */
  original: z.string(),
});

const lockSchema = z.strictObject({
  lockVersion: z.literal(1),
  directory: z.string(),
  migrations: z.string(),
  imports: z.enum(['ts', 'js']),
  /** What was written into package.json: the project did not have it before. */
  packages: z.array(z.string()).default([]),
  patterns: z.record(
    z.string(),
    z.strictObject({
      version: z.string(),
      /** Whether it was asked for; false when it only came along, because another builds on it. */
      asked: z.boolean().default(true),
      files: z.record(z.string(), lockedFile),
    }),
  ),
});

/** A file that was copied. */
export type LockedFile = z.infer<typeof lockedFile>;

/** What was added to a project: the patterns, their files, and where they went. */
export type Lock = z.infer<typeof lockSchema>;

/** Reads the lock of a project, of both sides where Git has marked a conflict; undefined when no pattern was added yet. */
export function readProjectLock(project: Project): Lock | undefined {
  const text = project.read(LOCK_FILE);
  if (text === undefined) return undefined;
  const [mine, theirs] = separateSides(text).map(parseLock);
  if (mine === undefined || theirs === undefined) return mine;
  return joinLocks(mine, theirs, (path, { sha256 }) => {
    const present = project.read(path);
    return present !== undefined && hashContent(present) === sha256;
  });
}

function parseLock(text: string): Lock {
  const json = orUndefined((): unknown => JSON.parse(text));
  const { data, error } = lockSchema.safeParse(json);
  if (data) return data;
  const newer = newerLock.safeParse(json).success;
  if (newer) throw new ProjectError(`${LOCK_FILE} comes from a newer touchstone: ${LATEST}`);
  const fault = json === undefined ? 'it is not JSON' : z.prettifyError(error).split('\n', 1)[0];
  throw new ProjectError(`${LOCK_FILE} cannot be read (${fault}): restore it from version control`);
}

const newerLock = z.object({ lockVersion: z.number().gt(1) });
const LATEST = `use it with ${NPX}@latest`;

/** Refuses to go back: an older library would undo what a newer one has written. */
export function refuseNewerLock(lock: Lock | undefined, version: string): void {
  const newest = Object.values(lock?.patterns ?? {}).find((one) => gt(one.version, version));
  if (newest === undefined) return;
  throw new ProjectError(
    `this project has patterns of touchstone ${newest.version}, and this is ${version}: ${LATEST}`,
  );
}

/** Writes the lock of a project, patterns and files sorted; an empty one is removed. */
export function writeLock(project: Project, lock: Lock): void {
  const patterns = sortKeys(lock.patterns);
  if (Object.keys(patterns).length === 0) {
    project.remove(LOCK_FILE);
    return;
  }
  for (const one of Object.values(patterns)) one.files = sortKeys(one.files);
  project.write(LOCK_FILE, `${JSON.stringify({ ...lock, patterns }, null, 2)}\n`);
}

/** What the lock remembers of a file that is written now. */
export function lockFile(role: LockedFile['role'], source: string, text: string): LockedFile {
  const original = deflateRawSync(text).toString('base64');
  return { role, source, sha256: hashContent(text), original };
}

/** The text as it was written; throws when the record was changed by hand. */
export function readOriginal({ original, sha256, source }: LockedFile): string {
  const text = orUndefined(() => inflateRawSync(Buffer.from(original, 'base64')).toString());
  if (text !== undefined && hashContent(text) === sha256) return text;
  throw new ProjectError(
    `${LOCK_FILE}: the record of ${source} is damaged: restore the file from version control`,
  );
}

/** The hash that the lock knows a text by. */
export const hashContent = (text: string): string =>
  createHash('sha256').update(text).digest('hex');

const sortKeys = <T>(record: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
