import type { Pool } from 'pg';
import type { Job } from '../../jobs/background-jobs/job.ts';
import type { JobQueue } from '../../jobs/background-jobs/job-queue.ts';
import type { Handler } from '../../jobs/background-jobs/job-worker.ts';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { toKind, type WebhookEvent } from './webhook-inbox.ts';

/** Does what an event says: writes through `tx`, and stops at the signal. */
export type WebhookHandler = (
  event: WebhookEvent,
  tx: Queryable,
  signal: AbortSignal,
) => Promise<void>;

type Options = {
  /** Not that of `accept`: when handlers use it up, senders have no answer. */
  pool: Pool;
  queue: Pick<JobQueue, 'complete'>;
  /** By the name of the sender. */
  handlers: Record<string, WebhookHandler>;
  /** How long an attempt may take; then it is undone. Default: 60 seconds, as `limitSeconds` of the worker. */
  timeLimitMs?: number;
};

/** The handlers of a job worker: one kind for each sender. */
export function createWebhookHandlers(options: Options) {
  const { pool, queue, timeLimitMs = 60_000 } = options;
  const jobHandlers: Record<string, Handler> = {};
  for (const [source, handle] of Object.entries(options.handlers))
    jobHandlers[toKind(source)] = createJobHandler(source, handle);
  return jobHandlers;

  function createJobHandler(source: string, handle: WebhookHandler) {
    // #region process-event
    /** The event goes, its job goes, its effect comes: or nothing does. */
    return async function processEvent(job: Job, signal: AbortSignal) {
      const limits = { signal, timeLimitMs };
      await inTransaction(pool, limits, async (tx, stopping) => {
        await queue.complete(tx, job);
        const { rows } = await tx.query<WebhookEvent>(
          `delete from webhook_events
           where (source, id) = (
             select source, id from webhook_events
             where source = $1 and id = $2
             for update skip locked
           )
           returning source, id, body`,
          [source, job.payload],
        );
        // None: another job for the event has done it, or is at it.
        const [event] = rows;
        if (event) await handle(event, tx, stopping);
      });
    };
    // #endregion process-event
  }
}
