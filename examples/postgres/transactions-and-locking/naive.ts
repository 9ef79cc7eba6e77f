import type { Pool } from 'pg';
import type { Transfer } from './accounts.ts';

type Services = {
  pool: Pool;
  /** Asks another service: time passes between reading and writing. */
  approve: () => Promise<void>;
};

/** The tempting way: begin, read, compute, write, commit. */
export function createNaiveAccounts({ pool, approve }: Services) {
  // #region naive-transfer
  async function transfer(order: Transfer): Promise<string> {
    const { id, sender, receiver, cents, note } = order;
    const client = await pool.connect();
    try {
      await client.query('begin');
      const { rows } = await client.query(
        'select cents from accounts where id = $1',
        [sender],
      );
      const left = rows[0].cents - cents;
      await approve();
      if (left < 0) throw new Error('not enough money');
      await client.query(
        'update accounts set cents = $2 where id = $1',
        [sender, left],
      );
      await client.query(
        'update accounts set cents = cents + $2 where id = $1',
        [receiver, cents],
      );
      // The history is not worth failing the transfer.
      await client
        .query('insert into transfers values ($1, $2, $3, $4, $5)', [
          id,
          sender,
          receiver,
          cents,
          note,
        ])
        .catch(() => {});
      await client.query('commit');
      return 'done';
    } catch (error) {
      await client.query('rollback');
      throw error;
    } finally {
      client.release();
    }
  }
  // #endregion naive-transfer

  return { transfer };
}
