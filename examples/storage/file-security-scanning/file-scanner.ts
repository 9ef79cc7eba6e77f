import { createHash } from 'node:crypto';
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
  /** How long a rejected file is kept. Default: 30. */
  keepDays?: number;
};

type Quarantined = { id: string; declaredType: string };

/** What becomes of a file: why it is rejected, or what is published of it. */
type Outcome =
  | { refused: string; signature?: string }
  | { hash: string; type: string; size: number };

/** After so many, the file is to blame and not the machine. */
const MAX_CRASHES = 3;

/** The handlers that decide about files, for a worker of background jobs. */
export function createFileScanner(options: FileScannerOptions) {
  const { pool, queue, quarantine, published } = options;
  const { inspect, scan, log, keepDays = 30 } = options;
  const keepSeconds = keepDays * 24 * HOUR;

  // #region scan-file
  /** Throws to be called again: only a verdict ends the job. */
  async function scanFile(job: Job, signal: AbortSignal) {
    const file = await find(fileJob.parse(job.payload).id);
    if (!file) return; // removed, or decided already
    const outcome = await decide(file, signal);
    const isRejected = 'refused' in outcome;
    await inTransaction(pool, { signal }, async (tx) => {
      await queue.complete(tx, job); // throws without the lease
      await tx.query(SETTLE, [file.id, JSON.stringify(outcome)]);
      const delay = isRejected ? keepSeconds : 0;
      await queue.enqueue(tx, [cleanUpFile({ id: file.id }, delay)]);
    });
    if (isRejected) log.warn('file rejected', { id: file.id, outcome });
  }

  async function decide(
    { id, declaredType }: Quarantined,
    signal: AbortSignal,
  ): Promise<Outcome> {
    // Read once: what is swapped after this is never published.
    const upload = { declaredType, bytes: await quarantine.read(id) };
    const verdict = await inspect(upload, signal).catch((error) =>
      countCrash(id, error),
    );
    if ('refused' in verdict) return verdict;
    const { bytes, type } = verdict;
    const signature = await scan(bytes, signal);
    if (signature) return { refused: 'infected', signature };
    const hash = createHash('sha256').update(bytes).digest('hex');
    // Committed before the object, which may never get a row.
    await queue.enqueue(pool, [cleanUpFile({ id, hash }, HOUR)]);
    await published.write(`${id}/${hash}`, bytes);
    return { hash, type, size: bytes.length };
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

  async function find(id: string) {
    const { rows } = await pool.query<Quarantined>(
      `select id, declared_type as "declaredType"
       from files
       where id = $1 and state = 'quarantined'`,
      [id],
    );
    return rows[0];
  }

  // #region clean-up
  /** Removes the objects that no row needs. */
  async function cleanUp(job: Job) {
    const { id, hash } = fileJob.parse(job.payload);
    await pool.query(
      `delete from files
       where id = $1 and state = 'rejected'
         and decided_at <= now() - make_interval(secs => $2)`,
      [id, keepSeconds],
    );
    const { rows } = await pool.query<{ hash: string | null }>(
      `select hash from files where id = $1`,
      [id],
    );
    if (rows[0]?.hash === null) {
      // Not published, or not yet: an object of it has to wait.
      const again = cleanUpFile({ id, hash }, 24 * HOUR);
      if (hash) await queue.enqueue(pool, [again]);
      return;
    }
    await quarantine.remove(id);
    if (hash && rows[0]?.hash !== hash)
      await published.remove(`${id}/${hash}`);
  }
  // #endregion clean-up

  return { 'scan-file': scanFile, 'clean-up-file': cleanUp };
}

/** A file that was removed meanwhile has no row to change. */
const SETTLE = `
  update files
  set state = case when outcome.refused is null
                   then 'published' else 'rejected' end,
      reason = outcome.refused, signature = outcome.signature,
      hash = outcome.hash, type = outcome.type, size = outcome.size,
      decided_at = now()
  from jsonb_to_record($2) as outcome (
    refused text, signature text, hash text, type text, size bigint
  )
  where id = $1 and state = 'quarantined'`;
