import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';

/** Makes whoever writes an account wait, once it is written and before anything follows. */
export async function holdAfterEffect(pool: Pool) {
  const keeper = await pool.connect();
  await keeper.query(
    `create function wait_at_gate() returns trigger language plpgsql as
       'begin perform pg_advisory_xact_lock(1); return null; end';
     create trigger gate after insert or update on accounts
       for each row execute function wait_at_gate();
     select pg_advisory_lock(1)`,
  );
  const countWaiting = async () => {
    const { rows } = await pool.query(
      `select from pg_stat_activity
       where datname = current_database()
         and wait_event = 'advisory'`,
    );
    return rows.length;
  };
  const reached = () =>
    waitUntil('the effect is written', async () => {
      return (await countWaiting()) === 1;
    });
  async function open() {
    await keeper.query(
      'select pg_advisory_unlock_all(); drop trigger gate on accounts',
    );
  }
  return {
    reached,
    open,
    [Symbol.asyncDispose]: async () => keeper.release(true),
  };
}
