import type { Pool } from 'pg';
import { z } from 'zod';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Job } from './job.ts';
import { PermanentError } from './job-outcomes.ts';
import type { JobQueue } from './job-queue.ts';

/** An order; its invoice comes a moment later. */
export type Order = {
  id: string;
  customer: string;
  cents: number;
  invoice: string | null;
};

const payload = z.object({ orderId: z.string() });

/** Orders, each with a job that makes its invoice. */
export function createOrders(services: {
  pool: Pool;
  queue: JobQueue;
}) {
  const { pool, queue } = services;

  /** The order and its job commit together, or neither does. */
  function place(customer: string, cents: number): Promise<string> {
    return inTransaction(pool, async (tx) => {
      const { rows } = await tx.query<{ id: string }>(
        `insert into orders (customer, cents)
         values ($1, $2)
         returning id`,
        [customer, cents],
      );
      const orderId = `${rows[0]?.id}`;
      const job = { kind: 'make-invoice', payload: { orderId } };
      await queue.enqueue(tx, [job]);
      return orderId;
    });
  }

  async function find(id: string): Promise<Order | undefined> {
    const { rows } = await pool.query<Order>(
      `select orders.id, customer, orders.cents, number as invoice
       from orders
       left join invoices on invoices.order_id = orders.id
       where orders.id = $1`,
      [id],
    );
    return rows[0];
  }

  // #region make-invoice
  /** The invoice and the end of its job commit together. */
  async function makeInvoice(job: Job, signal: AbortSignal) {
    const { success, data } = payload.safeParse(job.payload);
    if (!success) throw new PermanentError('The payload has no order');
    await inTransaction(pool, { signal }, async (tx) => {
      await queue.complete(tx, job);
      const { rowCount } = await tx.query(
        `insert into invoices (order_id, cents)
         select id, cents from orders where id = $1`,
        [data.orderId],
      );
      if (!rowCount) throw new PermanentError('There is no such order');
    });
  }
  // #endregion make-invoice

  /** For operators: what was given up, the latest first. */
  async function listDeadJobs() {
    const { rows } = await pool.query(
      `select id, kind, attempts, last_error as "lastError"
       from dead_jobs
       order by died_at desc
       limit 100`,
    );
    return rows;
  }

  return { place, find, makeInvoice, listDeadJobs };
}
