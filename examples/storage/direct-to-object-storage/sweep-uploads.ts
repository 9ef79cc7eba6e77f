import type { Pool } from 'pg';
import type { MultipartStore } from './multipart-store.ts';

export type UploadSweepOptions = {
  pool: Pool;
  store: MultipartStore;
  log: { warn: (message: string, details: object) => void };
};

/** Removes what nobody completed in time, and what its owner removed. */
export function createUploadSweep({
  pool,
  store,
  log,
}: UploadSweepOptions) {
  // #region sweep
  /** Call it every hour, on one instance or on all. */
  async function sweep(): Promise<void> {
    // After an hour, confirmations under way have ended and URLs that
    // were signed before have expired: then nothing new can arrive.
    await pool.query(
      `update uploads
       set state = 'abandoned',
           sweep_at = now() + interval '1 hour'
       where state = 'open' and sweep_at <= now()`,
    );
    // It ends when there is no more, or the store removes nothing.
    while ((await removeBatch()) > 0);
  }

  async function removeBatch(): Promise<number> {
    // What cannot be removed is next in turn an hour later.
    const { rows } = await pool.query<{ id: string; key: string }>(
      `update uploads
       set sweep_at = now() + interval '1 hour'
       where id = any (array(
         select id from uploads
         where state = 'abandoned' and sweep_at <= now()
         order by sweep_at
         limit 100
         for update skip locked
       ))
       returning id, key`,
    );
    let removed = 0;
    for (const { id, key } of rows) {
      try {
        await store.remove(key);
        await pool.query(`delete from uploads where id = $1`, [id]);
        removed += 1;
      } catch (error) {
        log.warn('upload cannot be removed', { id, error });
      }
    }
    return removed;
  }
  // #endregion sweep

  return { sweep };
}
