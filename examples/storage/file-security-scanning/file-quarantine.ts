import { createHash, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Bucket } from './buckets.ts';
import type { Claimed, FileStatus, NewFile, Outcome } from './file.ts';
import type { Upload, Verdict } from './inspect-upload.ts';
import { SandboxError } from './sandbox.ts';

/** What the quarantine needs; its lease is longer than all its steps together. */
export type FileQuarantineOptions = {
  pool: Pool;
  quarantine: Bucket;
  published: Bucket;
  inspect: (upload: Upload) => Promise<Verdict>;
  /** The name of what was found, or undefined; throws when it cannot tell. */
  scan: (bytes: Uint8Array) => Promise<string | undefined>;
  log: { warn: (message: string, details: object) => void };
  leaseSeconds?: number;
  pauseSeconds?: number;
  maxAttempts?: number;
};

/** Keeps uploads apart until each was looked at, made anew and scanned. */
export function createFileQuarantine(options: FileQuarantineOptions) {
  const { pool, quarantine, published, inspect, scan, log } = options;
  const { leaseSeconds = 120, pauseSeconds = 10 } = options;
  const { maxAttempts = 3 } = options;

  async function receive(file: NewFile): Promise<string> {
    const id = randomUUID();
    await quarantine.write(id, file.body);
    await pool.query(
      `insert into files (id, name, declared_type)
       values ($1, $2, $3)`,
      [id, file.name, file.declaredType],
    );
    return id;
  }

  // #region claim-a-file
  async function claim(): Promise<Claimed | undefined> {
    const { rows } = await pool.query<Claimed>(
      `update files
       set attempts = attempts + 1, lease = gen_random_uuid(),
           due_at = now() + make_interval(secs => $1)
       where id = (
         select id from files
         where state = 'quarantined' and due_at <= now()
         order by due_at
         limit 1
         for update skip locked
       )
       returning id, declared_type as "declaredType", lease, attempts`,
      [leaseSeconds],
    );
    return rows[0];
  }

  /** Whoever has lost the lease settles nothing. */
  async function settle({ id, lease }: Claimed, outcome: Outcome) {
    const state = 'hash' in outcome ? 'published' : 'rejected';
    const { rowCount } = await pool.query(
      `update files
       set state = $3, hash = $4, type = $5, size = $6,
           reason = $7, signature = $8, lease = null
       where id = $1 and lease = $2`,
      [id, lease, state, ...toColumns(outcome)],
    );
    if (rowCount === 1) await quarantine.remove(id);
  }
  // #endregion claim-a-file

  // #region look-and-publish
  /** Takes one file that is due; false when there is none. */
  async function processNext(): Promise<boolean> {
    const file = await claim();
    if (!file) return false;
    try {
      await settle(file, await look(file));
    } catch (error) {
      log.warn('file stays in quarantine', { id: file.id, error });
      // Scanner or store is away: that is not the file's fault.
      await giveBack(file, !(error instanceof SandboxError));
    }
    return true;
  }

  async function look({ id, ...file }: Claimed): Promise<Outcome> {
    if (file.attempts > maxAttempts)
      return { refused: 'too_expensive' };
    // Read once: what is swapped after this, nobody will see.
    const bytes = await quarantine.read(id);
    if (!bytes) return { refused: 'missing' };
    const verdict = await inspect({ ...file, bytes });
    if ('refused' in verdict) return verdict;

    const signature = await scan(verdict.bytes);
    if (signature) return { refused: 'infected', signature };
    const hash = sha256(verdict.bytes);
    // Named by its bytes: written twice, it is the same object.
    await published.write(hash, verdict.bytes);
    return { hash, type: verdict.type, size: verdict.bytes.length };
  }
  // #endregion look-and-publish

  // #region give-back
  async function giveBack({ id, lease }: Claimed, excused: boolean) {
    await pool.query(
      `update files
       set due_at = now() + make_interval(secs => $3),
           attempts = attempts - $4, lease = null
       where id = $1 and lease = $2`,
      [id, lease, excused ? pauseSeconds : 0, excused ? 1 : 0],
    );
  }
  // #endregion give-back

  async function find(id: string): Promise<FileStatus | undefined> {
    const { rows } = await pool.query<FileStatus>(
      `select id, name, state, reason, hash, type, size::float8
       from files where id = $1`,
      [id],
    );
    return rows[0];
  }

  return { receive, processNext, find };
}

function toColumns(outcome: Outcome) {
  if ('hash' in outcome)
    return [outcome.hash, outcome.type, outcome.size, null, null];
  const { refused, signature = null } = outcome;
  return [null, null, null, refused, signature];
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
