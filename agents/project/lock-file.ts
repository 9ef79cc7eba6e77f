import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
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

/** Reads the lock of a project; undefined when no pattern was added yet. */
export function readProjectLock(project: Project): Lock | undefined {
  const text = project.read(LOCK_FILE);
  if (text === undefined) return undefined;
  const { data, error } = lockSchema.safeParse(parseJson(text));
  if (data) return data;
  const fault = error ? z.prettifyError(error).split('\n', 1)[0] : '';
  throw new ProjectError(`${LOCK_FILE} cannot be read (${fault}): restore it from version control`);
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

const parseJson = (text: string): unknown => orUndefined(() => JSON.parse(text));

function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
