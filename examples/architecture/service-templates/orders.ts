import { z } from 'zod';
import type { Job } from '../../jobs/background-jobs/job.ts';
import { PermanentError } from '../../jobs/background-jobs/job-outcomes.ts';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Parts } from './start-service.ts';

type NewOrder = { customer: string; cents: number };

/** An order; it is confirmed a moment after it was placed. */
type Order = NewOrder & { id: string; confirmedAt: Date | null };

const payload = z.object({ orderId: z.string() });

/** Orders, each with a job that confirms it: replace them by what your service does. */
export function createOrders({ pool, queue }: Parts) {
  // #region place-and-confirm
  /** The order and its job commit together, or neither does. */
  function place({ customer, cents }: NewOrder): Promise<string> {
    return inTransaction(pool, async (tx) => {
      const { rows } = await tx.query<{ id: string }>(
        `insert into orders (customer, cents)
         values ($1, $2)
         returning id`,
        [customer, cents],
      );
      const orderId = `${rows[0]?.id}`;
      const job = { kind: 'confirm-order', payload: { orderId } };
      await queue.enqueue(tx, [job]);
      return orderId;
    });
  }

  /** The confirmation and the end of its job commit together. */
  async function confirm(job: Job, signal: AbortSignal) {
    const { success, data } = payload.safeParse(job.payload);
    if (!success) throw new PermanentError('The payload has no order');
    await inTransaction(pool, { signal }, async (tx) => {
      await queue.complete(tx, job);
      await tx.query(
        `update orders
         set confirmed_at = now()
         where id = $1`,
        [data.orderId],
      );
    });
  }
  // #endregion place-and-confirm

  async function find(id: string): Promise<Order | undefined> {
    const { rows } = await pool.query<Order>(
      `select id, customer, cents, confirmed_at as "confirmedAt"
       from orders
       where id = $1`,
      [id],
    );
    return rows[0];
  }

  return { place, confirm, find };
}
