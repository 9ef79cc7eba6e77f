import type { Pool } from 'pg';
import type { MultipartStore, StoreUpload } from './multipart-store.ts';

/** What the sweep needs. */
export type UploadSweepOptions = {
  pool: Pool;
  clock: () => Date;
  log: { info: (message: string, details: object) => void };
  store: MultipartStore;
  /** How long an upload may take. */
  hours?: number;
};

/** Removes uploads that nobody completed: rows, objects, and parts that cost money unseen. */
export function createUploadSweep(options: UploadSweepOptions) {
  const { pool, clock, log, store, hours = 24 } = options;

  // #region sweep
  async function sweep(): Promise<void> {
    const cutoff = new Date(clock().getTime() - hours * 3_600_000);
    for (const upload of await abandonOlderThan(cutoff)) {
      await store.remove(upload);
      await forget(upload);
    }
    // Begun in the store, and the process died before it had a row.
    for await (const page of store.listBegunBefore(cutoff))
      for (const upload of await selectUnknown(page))
        await store.remove(upload);
  }

  /** Marked before anything is removed: no confirmation comes between. */
  async function abandonOlderThan(cutoff: Date) {
    const { rows } = await pool.query<StoreUpload>(
      `update uploads
       set abandoned_at = $2
       where created_at < $1 and received_at is null
       returning key, store_id as "storeId"`,
      [cutoff, clock()],
    );
    if (rows.length > 0)
      log.info('uploads abandoned', { count: rows.length });
    return rows;
  }
  // #endregion sweep

  async function forget({ key }: StoreUpload) {
    await pool.query(
      `delete from uploads
       where key = $1 and abandoned_at is not null`,
      [key],
    );
  }

  async function selectUnknown(uploads: StoreUpload[]) {
    const { rows } = await pool.query<{ storeId: string }>(
      `select store_id as "storeId" from uploads
       where store_id = any($1)`,
      [uploads.map(({ storeId }) => storeId)],
    );
    const known = new Set(rows.map(({ storeId }) => storeId));
    return uploads.filter(({ storeId }) => !known.has(storeId));
  }

  return { sweep };
}
