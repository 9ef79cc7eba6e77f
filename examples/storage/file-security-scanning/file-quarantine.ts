import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Pool } from 'pg';
import type { JobQueue } from '../../jobs/background-jobs/job-queue.ts';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Bucket } from './buckets.ts';
import { cleanName } from './clean-name.ts';
import { cleanUpFile, HOUR, scanFile } from './file-jobs.ts';

/** What a sender says of a file, and the file itself. */
export type NewFile = {
  name: string;
  declaredType: string;
  body: Readable;
};

/** The body of a file is larger than the caller allows. */
export class FileTooLargeError extends Error {
  override readonly name = 'FileTooLargeError';
  readonly code = 'file_too_large';
  readonly status = 413;
  readonly expose = true;
}

export type FileQuarantineOptions = {
  pool: Pool;
  queue: Pick<JobQueue, 'enqueue'>;
  quarantine: Pick<Bucket, 'write'>;
  /** Default: 25,000,000; at most clamd's StreamMaxLength. */
  maxBytes?: number;
};

/** Takes files in, and gives them up. */
export function createFileQuarantine(options: FileQuarantineOptions) {
  const { pool, queue, quarantine, maxBytes = 25_000_000 } = options;

  // #region receive
  /** Resolves once the bytes are kept and their scan is recorded. */
  async function receive({ name, declaredType, body }: NewFile) {
    const id = randomUUID();
    // Committed before the bytes: no object is left without a row.
    await queue.enqueue(pool, [cleanUpFile({ id }, HOUR)]);
    await quarantine.write(id, Readable.from(limit(body, maxBytes)));
    await inTransaction(pool, async (tx) => {
      await tx.query(
        `insert into files (id, name, declared_type)
         values ($1, $2, $3)`,
        [id, cleanName(name), declaredType],
      );
      await queue.enqueue(tx, [scanFile(id)]);
    });
    return id;
  }
  // #endregion receive

  /** The row goes at once, its objects by a job; false without one. */
  function remove(id: string): Promise<boolean> {
    return inTransaction(pool, async (tx) => {
      const { rows } = await tx.query<{ object: string | null }>(
        `delete from files where id = $1 returning object`,
        [id],
      );
      if (!rows[0]) return false;
      const object = rows[0].object ?? undefined;
      await queue.enqueue(tx, [cleanUpFile({ id, object }, 0)]);
      return true;
    });
  }

  /** For operators: a file that is not published is scanned again; false when it is. */
  function rescan(id: string): Promise<boolean> {
    return inTransaction(pool, async (tx) => {
      const { rowCount } = await tx.query(
        `update files
         set state = 'quarantined', reason = null, crashes = 0,
             decided_at = null
         where id = $1 and state <> 'published'`,
        [id],
      );
      if (rowCount === 1) await queue.enqueue(tx, [scanFile(id)]);
      return rowCount === 1;
    });
  }

  return { receive, remove, rescan };
}

/** Whatever its sender says, no more of a body is kept. */
async function* limit(body: Readable, maxBytes: number) {
  let size = 0;
  // Not destroyed: the sender can still be answered.
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (!(size <= maxBytes))
      throw new FileTooLargeError(`Send at most ${maxBytes} bytes`);
    yield chunk;
  }
}
