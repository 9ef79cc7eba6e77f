import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Job, Log } from '../../jobs/background-jobs/job.ts';
import type { JobQueue } from '../../jobs/background-jobs/job-queue.ts';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Bucket } from './buckets.ts';
import { DecoderDiedError } from './create-inspector.ts';
import { cleanUpFile, fileJob, HOUR } from './file-jobs.ts';
import type { Upload, Verdict } from './inspect-upload.ts';

export type FileScannerOptions = {
  pool: Pool;
  queue: JobQueue;
  quarantine: Pick<Bucket, 'read' | 'remove'>;
  published: Pick<Bucket, 'write' | 'remove'>;
  inspect: (upload: Upload, signal: AbortSignal) => Promise<Verdict>;
  /** The name of what was found, or undefined; throws when it cannot tell. */
  scan: (
    bytes: Uint8Array,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
  log: Log;
};

/** What becomes of a file, as the columns of its row. */
type Outcome =
  | { state: 'rejected'; reason: string; signature?: string }
  | { state: 'published'; object: string; type: string; size: number };

type Row = { state: string; object: string | null };

/** After so many, the file is to blame and not the machine. */
const MAX_CRASHES = 3;
/** How long a rejected file is kept. */
const KEEP_SECONDS = 30 * 24 * HOUR;

/** The handlers that decide about files, for a worker of background jobs. */
export function createFileScanner(options: FileScannerOptions) {
  const { pool, queue, quarantine, published } = options;
  const { inspect, scan, log } = options;

  // #region scan-file
  /** Throws to be called again: only a verdict ends the job. */
  async function scanFile(job: Job, signal: AbortSignal) {
    const { id } = fileJob.parse(job.payload);
    const declaredType = await findType(id);
    if (declaredType === undefined) return; // removed, or decided already
    const outcome = await decide(id, declaredType, signal);
    const isRejected = outcome.state === 'rejected';
    await inTransaction(pool, async (tx) => {
      await queue.complete(tx, job); // throws without the lease
      await tx.query(SETTLE, [id, JSON.stringify(outcome)]);
      const delay = isRejected ? KEEP_SECONDS : 0;
      await queue.enqueue(tx, [cleanUpFile({ id }, delay)]);
    });
    if (isRejected) log.warn('file rejected', { id, outcome });
  }

  async function decide(
    id: string,
    declaredType: string,
    signal: AbortSignal,
  ): Promise<Outcome> {
    // Read once: what is swapped after this is never published.
    const upload = { declaredType, bytes: await quarantine.read(id) };
    const verdict = await inspect(upload, signal).catch((error) =>
      countCrash(id, error),
    );
    if ('refused' in verdict)
      return { state: 'rejected', reason: verdict.refused };
    const { bytes, type } = verdict;
    const signature = await scan(bytes, signal);
    if (signature)
      return { state: 'rejected', reason: 'infected', signature };
    const object = randomUUID(); // no other scan writes to it
    // Committed before the object, which may never get a row.
    await queue.enqueue(pool, [cleanUpFile({ id, object }, HOUR)]);
    await published.write(object, bytes);
    return { state: 'published', object, type, size: bytes.length };
  }
  // #endregion scan-file

  // #region count-crash
  /** What failed elsewhere does not count against the file. */
  async function countCrash(id: string, error: unknown) {
    if (!(error instanceof DecoderDiedError)) throw error;
    const { rows } = await pool.query<{ crashes: number }>(
      `update files set crashes = crashes + 1
       where id = $1
       returning crashes`,
      [id],
    );
    if (Number(rows[0]?.crashes) < MAX_CRASHES) throw error;
    return { refused: 'too_expensive' };
  }
  // #endregion count-crash

  async function findType(id: string) {
    const { rows } = await pool.query<{ declared_type: string }>(
      `select declared_type
       from files
       where id = $1 and state = 'quarantined'`,
      [id],
    );
    return rows[0]?.declared_type;
  }

  // #region clean-up
  /** Removes the objects that no row needs. */
  async function cleanUp(job: Job) {
    const { id, object } = fileJob.parse(job.payload);
    await pool.query(
      `delete from files
       where id = $1 and state = 'rejected'
         and decided_at <= now() - make_interval(secs => $2)`,
      [id, KEEP_SECONDS],
    );
    const { rows } = await pool.query<Row>(
      `select state, object from files where id = $1`,
      [id],
    );
    const file = rows[0] ?? { state: 'gone', object: null };
    if (object && file.object !== object)
      await published.remove(object);
    if (file.state === 'published' || file.state === 'gone')
      await quarantine.remove(id);
  }
  // #endregion clean-up

  return { 'scan-file': scanFile, 'clean-up-file': cleanUp };
}

/** A file that was removed meanwhile has no row to change. */
const SETTLE = `
  update files
  set state = outcome.state, reason = outcome.reason,
      signature = outcome.signature, object = outcome.object,
      type = outcome.type, size = outcome.size, decided_at = now()
  from jsonb_populate_record(null::files, $2) as outcome
  where files.id = $1 and files.state = 'quarantined'`;
