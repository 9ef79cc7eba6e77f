import type { Pool, PoolClient } from 'pg';
import {
  type Carrier,
  createCarrier,
  receiveCorrelation,
  runWithCorrelation,
} from './correlation.ts';
import { tagTransaction } from './tag-transaction.ts';

type Services = {
  pool: Pool;
  log: { info: (message: string, details?: object) => void };
  /** Another service of ours. */
  stockUrl: string;
};

type Job = { orderId: string; correlation: Carrier };

/** Orders, a job for each, and a call to the service that keeps the stock. */
export function createOrders({ pool, log, stockUrl }: Services) {
  async function place(sku: string) {
    await inTransaction(async (client) => {
      await tagTransaction(client, 'shop');
      const { rows } = await client.query<{ id: string }>(
        'insert into orders (sku) values ($1) returning id',
        [sku],
      );
      await client.query(
        `insert into order_jobs (order_id, correlation)
         values ($1, $2)`,
        [rows[0]?.id, createCarrier()],
      );
    });
    const headers = createCarrier();
    const signal = AbortSignal.timeout(2000);
    await fetch(stockUrl, { method: 'POST', headers, signal });
    log.info('order placed', { sku });
  }

  // #region run-job
  async function runNextJob() {
    const { rows } = await pool.query<Job>(
      `delete from order_jobs
       where id = (select min(id) from order_jobs)
       returning order_id as "orderId", correlation`,
    );
    for (const { orderId, correlation } of rows)
      await runWithCorrelation(
        receiveCorrelation(correlation),
        async () => log.info('invoice made', { orderId }),
      );
  }
  // #endregion run-job

  async function inTransaction(
    work: (client: PoolClient) => Promise<void>,
  ) {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await work(client);
      await client.query('commit');
      client.release();
    } catch (error) {
      client.release(true);
      throw error;
    }
  }
  return { place, runNextJob };
}
