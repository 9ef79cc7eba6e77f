import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Log } from '../structured-logging/create-log.ts';
import {
  createCarrier,
  receiveCorrelation,
  runWithCorrelation,
} from './correlation.ts';
import { tagTransaction } from './tag-transaction.ts';
import type { Carrier } from './trace-context.ts';

type Services = {
  pool: Pool;
  log: Pick<Log, 'info'>;
  /** Another service of ours. */
  stockUrl: string;
};

type Job = { orderId: string; carrier: Carrier | null };

/** Orders, a job for each, and a call to the service that keeps the stock. */
export function createOrders({ pool, log, stockUrl }: Services) {
  // #region place-order
  async function place(sku: string) {
    const job = createCarrier();
    await inTransaction(pool, async (tx) => {
      await tagTransaction(tx, 'shop');
      await tx.query(
        `with placed as (
           insert into orders (sku) values ($1) returning id
         )
         insert into order_jobs (order_id, carrier)
         select id, $2 from placed`,
        [sku, job],
      );
    });
    log.info('order placed', { sku, job: job.traceparent });
    await askStock();
  }

  async function askStock() {
    const headers = createCarrier();
    const signal = AbortSignal.timeout(2000);
    const call = { method: 'POST', headers, signal };
    const { ok, status, body } = await fetch(stockUrl, call);
    await body?.cancel();
    log.info('stock asked', { status, call: headers.traceparent });
    if (!ok) throw new Error(`the stock service answered ${status}`);
  }
  // #endregion place-order

  // #region run-job
  async function runNextJob() {
    await inTransaction(pool, async (tx) => {
      const { rows } = await tx.query<Job>(
        `delete from order_jobs
         where id = (
           select id from order_jobs
           order by id
           limit 1
           for update skip locked
         )
         returning order_id as "orderId", carrier`,
      );
      for (const { orderId, carrier } of rows)
        await runWithCorrelation(
          receiveCorrelation(carrier),
          async () => {
            await tagTransaction(tx, 'invoices');
            log.info('invoice made', { orderId });
          },
        );
    });
  }
  // #endregion run-job

  return { place, runNextJob };
}
