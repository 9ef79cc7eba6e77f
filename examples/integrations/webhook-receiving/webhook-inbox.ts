import type { Pool } from 'pg';
import type { JobQueue } from '../../jobs/background-jobs/job-queue.ts';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';

/** An event that its sender signed: the bytes, and its id at that sender. */
export type WebhookEvent = { source: string; id: string; body: Buffer };

type InboxOptions = {
  pool: Pool;
  queue: Pick<JobQueue, 'enqueue'>;
};

/** Keeps each event until its handler has succeeded, and remembers that it came. */
export function createWebhookInbox({ pool, queue }: InboxOptions) {
  // #region accept
  /** Once it resolves, the event is ours: answer 202, not earlier. */
  async function accept({ source, id, body }: WebhookEvent) {
    await inTransaction(pool, async (tx) => {
      const { rows } = await tx.query<{ delaySeconds: number }>(
        `with receipt as (
           insert into webhook_receipts (source, id)
           values ($1, $2)
           on conflict do nothing
           returning source, id
         ), event as (
           insert into webhook_events (source, id, body)
           select source, id, $3 from receipt
         )
         select 0 as "delaySeconds" from receipt
         union all
         select 60 from webhook_events
         where source = $1 and id = $2`,
        [source, id, body],
      );
      // A copy starts an event that is dead again, once a minute.
      const job = { kind: toKind(source), payload: id, uniqueKey: id };
      const [found] = rows;
      if (found) await queue.enqueue(tx, [{ ...job, ...found }]);
    });
  }
  // #endregion accept

  /** Forgets the oldest events that were processed and came so long ago; returns how many. */
  async function purge(days: number, limit = 1000): Promise<number> {
    const { rowCount } = await pool.query(
      `delete from webhook_receipts
       where ctid = any (array(
         select ctid from webhook_receipts as receipt
         where received_at < now() - make_interval(days => $1)
           and not exists (
             select from webhook_events as event
             where event.source = receipt.source
               and event.id = receipt.id
           )
         order by received_at
         limit $2
         for update skip locked
       ))`,
      [days, limit],
    );
    return Number(rowCount);
  }

  return { accept, purge };
}

/** The kind of the jobs of a sender: senders take turns. */
export const toKind = (source: string) => `webhook-${source}`;
