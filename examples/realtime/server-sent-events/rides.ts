import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { EventLog } from './event-log.ts';

type Services = { pool: Pool; eventLog: Pick<EventLog, 'append'> };

/** Rides: rows of an app whose changes are events as well. */
export function createRides({ pool, eventLog }: Services) {
  /** False when somebody has a ride of that name. */
  async function create(ride: string, owner: string) {
    const { rowCount } = await pool.query(
      `with created as (
         insert into rides (name)
         values ($1)
         on conflict do nothing
         returning name
       )
       insert into topic_readers (topic, name, is_owner)
       select name, $2, true from created`,
      [ride, owner],
    );
    return rowCount === 1;
  }

  // #region append-last
  /** The row and its event commit together, or neither does. */
  async function move(ride: string, km: number): Promise<number> {
    // Deadlocks (40P01) with appends in another order run again.
    return await inTransaction(pool, { attempts: 5 }, async (tx) => {
      await tx.query(`update rides set km = $2 where name = $1`, [
        ride,
        km,
      ]);
      // Last: writers of the topic wait from here to the commit.
      const event = { topic: ride, type: 'moved', data: { km } };
      return await eventLog.append(event, tx);
    });
  }

  /** What to draw, and the id to follow it from, of one snapshot. */
  async function find(ride: string) {
    const { rows } = await pool.query<{ km: number; after: string }>(
      `select km, coalesce(last_id, 0) as after
       from rides
       left join topics using (name)
       where name = $1`,
      [ride],
    );
    return rows[0];
  }
  // #endregion append-last

  return { create, move, find };
}
