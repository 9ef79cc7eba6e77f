import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { inTransaction } from '../../postgres/transactions-and-locking/in-transaction.ts';
import type { Queryable } from '../../postgres/transactions-and-locking/queryable.ts';
import { cleanName } from './file-name.ts';
import type { MultipartStore, StoreUpload } from './multipart-store.ts';
import { findMissing, MOST_PARTS } from './part-plan.ts';
import { UploadError } from './upload-error.ts';

const MIB = 2 ** 20;

type Upload = StoreUpload & {
  id: string;
  owner: string;
  name: string;
  size: number;
  partBytes: number;
  isReceived: boolean;
};

export type DirectUploadOptions = {
  pool: Pool;
  store: MultipartStore;
  /** Runs once for each file, in the transaction that marks it as received. */
  onReceived?: (tx: Queryable, upload: Upload) => Promise<void>;
  /** Of a file; up to 10,000 parts. Default: 5 GiB. */
  maxBytes?: number;
  /** Of each part except the last: 5 MiB to 5 GiB. Default: 8 MiB. */
  partBytes?: number;
  /** How long an upload may take. Default: 24. */
  hours?: number;
};

/** How long URLs can be used; the sweep waits longer than that. */
const PART_SECONDS = 900;
const DOWNLOAD_SECONDS = 60;

/** How many parts are signed at once. */
const MOST_URLS = 100;

/** Uploads from the browser to the store: the server signs each part, and asks the store what arrived. */
export function createDirectUploads(options: DirectUploadOptions) {
  const { pool, store, onReceived, hours = 24 } = options;
  const { maxBytes = 5120 * MIB, partBytes = 8 * MIB } = options;
  if (!(partBytes >= 5 * MIB && partBytes <= 5120 * MIB))
    throw new RangeError('partBytes must be from 5 MiB to 5 GiB');
  if (!(maxBytes > 0 && maxBytes <= MOST_PARTS * partBytes))
    throw new RangeError('maxBytes must be from 1 to 10,000 parts');
  if (!(Number.isInteger(hours) && hours >= 1))
    throw new RangeError('hours must be an integer above 0');

  type NewUpload = Pick<Upload, 'owner' | 'name' | 'size'>;

  // #region begin-upload
  async function begin({ owner, name, size }: NewUpload) {
    if (!(size <= maxBytes)) {
      const advice = `Send at most ${maxBytes} bytes`;
      throw new UploadError(413, 'too_large', advice);
    }
    const id = randomUUID();
    // Nothing of it is the client's: no path, no clash, no guess.
    const key = `uploads/${id}`;
    // The row comes first, so that the sweep knows all that was begun.
    await pool.query(
      `insert into uploads
         (id, owner, name, size, part_bytes, key, sweep_at)
       values ($1, $2, $3, $4, $5, $6,
               now() + make_interval(hours => $7))`,
      [id, owner, cleanName(name), size, partBytes, key, hours],
    );
    const storeId = await store.begin(key);
    await pool.query(`update uploads set store_id = $2 where id = $1`, [
      id,
      storeId,
    ]);
    return id;
  }
  // #endregion begin-upload

  /** How far it is, with a signed URL for each of the next parts. */
  async function describe(owner: string, id: string) {
    const upload = await find(owner, id);
    const stored = await store.listParts(upload);
    // Without a list there is nothing to send: confirm finds out why.
    const missing = stored ? findMissing(upload, stored) : [];
    const left = missing.reduce((sum, part) => sum + part.size, 0);
    const next = missing.slice(0, MOST_URLS).map(async (part) => ({
      ...part,
      url: await store.signPart(upload, part, PART_SECONDS),
    }));
    return {
      size: upload.size,
      sent: upload.size - left,
      received: upload.isReceived,
      missing: await Promise.all(next),
    };
  }

  // #region confirm-upload
  async function confirm(owner: string, id: string): Promise<void> {
    const upload = await find(owner, id);
    if (upload.isReceived) return;
    const stored = await store.listParts(upload);
    if (stored && findMissing(upload, stored).length > 0)
      throw new UploadError(
        409,
        'parts_missing',
        'Send the rest first',
      );
    if (stored) await store.complete(upload, stored);
    // Complete now, or since a process died before its mark.
    if ((await store.sizeOf(upload.key)) !== upload.size)
      throw new UploadError(410, 'upload_gone', 'Begin a new upload');
    await inTransaction(pool, async (tx) => {
      const { rowCount } = await tx.query(
        `update uploads
         set state = 'received'
         where id = $1 and state = 'open'`,
        [id],
      );
      if (rowCount === 1) await onReceived?.(tx, upload);
    });
    // Received, by this call or another; if not, abandoned meanwhile.
    await find(owner, id);
  }
  // #endregion confirm-upload

  async function signDownload(owner: string, id: string) {
    const { key, name, isReceived } = await find(owner, id);
    if (isReceived)
      return store.signDownload(key, name, DOWNLOAD_SECONDS);
    throw new UploadError(409, 'not_received', 'Confirm it first');
  }

  /** Its owner has it no longer; the sweep removes it an hour later. */
  async function remove(owner: string, id: string): Promise<void> {
    const { rowCount } = await pool.query(
      `update uploads
       set state = 'abandoned',
           sweep_at = now() + interval '1 hour'
       where id = $1 and owner = $2 and state <> 'abandoned'`,
      [id, owner],
    );
    if (rowCount !== 1) throw noSuchUpload();
  }

  // #region find-own-upload
  /** An upload of somebody else and none at all look the same. */
  async function find(owner: string, id: string): Promise<Upload> {
    const { rows } = await pool.query<Upload>(
      `select id, owner, name, key, store_id as "storeId",
              size::float8, part_bytes::float8 as "partBytes",
              state = 'received' as "isReceived"
       from uploads
       where id = $1 and owner = $2 and state <> 'abandoned'`,
      [id, owner],
    );
    if (!rows[0]) throw noSuchUpload();
    return rows[0];
  }
  // #endregion find-own-upload

  return { begin, describe, confirm, signDownload, remove };
}

function noSuchUpload() {
  const advice = 'You have no upload with this id';
  return new UploadError(404, 'no_such_upload', advice);
}
