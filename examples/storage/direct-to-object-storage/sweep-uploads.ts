import type { Pool } from 'pg';
import type { MultipartStore } from './multipart-store.ts';

export type UploadSweepOptions = {
  pool: Pool;
  store: MultipartStore;
  log: { warn: (message: string, details: object) => void };
};

type Due = { id: string; key: string; isFirst: boolean };

/** Removes what nobody completed in time, and what its owner removed. */
export function createUploadSweep({
  pool,
  store,
  log,
}: UploadSweepOptions) {
  // #region sweep
  /** Call it every hour, on one instance or on all. */
  async function sweep(): Promise<void> {
    // It ends when no more is due, or the store removes nothing.
    while ((await sweepBatch()) > 0);
  }

  async function sweepBatch(): Promise<number> {
    // What is abandoned has its turn an hour later: by then URLs that
    // were signed before have expired, and nothing new can arrive.
    // What cannot be removed has its turn then too.
    const { rows } = await pool.query<Due>(
      `with due as (
         select id, state from uploads
         where state <> 'received' and sweep_at <= now()
         order by sweep_at
         limit 100
         for update skip locked
       )
       update uploads
       set state = 'abandoned',
           sweep_at = now() + interval '1 hour'
       from due
       where uploads.id = due.id
       returning due.id, key, due.state = 'open' as "isFirst"`,
    );
    const done = rows.filter(({ isFirst }) => isFirst).length;
    return done + (await removeAll(rows));
  }

  async function removeAll(rows: Due[]): Promise<number> {
    let removed = 0;
    for (const { id, key, isFirst } of rows) {
      if (isFirst) continue;
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
