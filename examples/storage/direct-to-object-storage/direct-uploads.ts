import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { MultipartStore, StoreUpload } from './multipart-store.ts';
import {
  choosePartBytes,
  findMissing,
  type Part,
} from './part-plan.ts';
import { UploadError, uploadGone } from './upload-error.ts';

const MIB = 2 ** 20;

/** What direct uploads need. */
export type DirectUploadOptions = {
  pool: Pool;
  clock: () => Date;
  log: { info: (message: string, details: object) => void };
  store: MultipartStore;
  /** S3 refuses parts of less than 5 MiB, but for the last. */
  partBytes?: number;
  mostBytes?: number;
  /** How long a URL for a part is good, and one for a download. */
  uploadSeconds?: number;
  downloadSeconds?: number;
  urlsAtOnce?: number;
};

type NewUpload = { owner: string; name: string; size: number };

type Upload = StoreUpload & {
  name: string;
  size: number;
  partBytes: number;
  receivedAt: Date | null;
};

/** Uploads that go past the server, on its terms: it signs, and then asks the store. */
export function createDirectUploads(options: DirectUploadOptions) {
  const { pool, clock, log, store, partBytes = 8 * MIB } = options;
  const { mostBytes = 5120 * MIB, urlsAtOnce = 50 } = options;
  const { uploadSeconds = 900, downloadSeconds = 60 } = options;

  // #region begin-upload
  async function begin({ owner, name, size }: NewUpload) {
    if (size > mostBytes)
      throw new UploadError(
        413,
        'too_large',
        `Most: ${mostBytes} bytes`,
      );
    // Nothing of it is the client's: no path, no clash, no guess.
    const key = `uploads/${randomUUID()}`;
    const { storeId } = await store.begin(key);
    const bytes = choosePartBytes({ size, partBytes });
    const { rows } = await pool.query<{ id: string }>(
      `insert into uploads
         (owner, name, size, part_bytes, key, store_id, created_at)
       values ($1, $2, $3, $4, $5, $6, $7)
       returning id`,
      [owner, name, size, bytes, key, storeId, clock()],
    );
    return `${rows[0]?.id}`;
  }
  // #endregion begin-upload

  // #region describe-upload
  /** How far it is, with a signed URL for what shall come next. */
  async function describe(owner: string, id: string) {
    const upload = await find(owner, id);
    const { name, size, receivedAt } = upload;
    const missing = receivedAt ? [] : await listMissing(upload);
    const left = missing.reduce((sum, part) => sum + part.size, 0);
    const next = missing.slice(0, urlsAtOnce).map(async (part) => ({
      ...part,
      url: await store.signPart(upload, part, uploadSeconds),
    }));
    return {
      name,
      size,
      sent: size - left,
      received: receivedAt !== null,
      missing: await Promise.all(next),
    };
  }

  async function listMissing(upload: Upload): Promise<Part[]> {
    const stored = await store.listParts(upload);
    // Without a list there is nothing to send: confirm will see why.
    return stored ? findMissing(upload, stored) : [];
  }
  // #endregion describe-upload

  // #region confirm-upload
  async function confirm(owner: string, id: string): Promise<void> {
    const upload = await find(owner, id);
    if (upload.receivedAt) return;
    const stored = await store.listParts(upload);
    if (stored && findMissing(upload, stored).length > 0)
      throw new UploadError(
        409,
        'parts_missing',
        'Send the rest first',
      );
    if (stored) await store.complete(upload, stored);

    // Complete by now, or since a process died before its mark.
    const size = await store.sizeOf(upload.key);
    if (size !== upload.size) throw uploadGone();
    await markReceived(id);
  }

  async function markReceived(id: string): Promise<void> {
    const { rows } = await pool.query<{ isFirst: boolean }>(
      `update uploads
       set received_at = coalesce(received_at, $2)
       where id = $1 and abandoned_at is null
       returning old.received_at is null as "isFirst"`,
      [id, clock()],
    );
    if (!rows[0]) throw uploadGone();
    // What shall happen once for each file begins here.
    if (rows[0].isFirst) log.info('upload received', { id });
  }
  // #endregion confirm-upload

  // #region find-own-upload
  async function signDownload(owner: string, id: string) {
    const { key, name, receivedAt } = await find(owner, id);
    if (!receivedAt)
      throw new UploadError(409, 'not_received', 'Confirm it first');
    return store.signDownload(key, name, downloadSeconds);
  }

  /** Somebody else's upload and none at all look the same. */
  async function find(owner: string, id: string): Promise<Upload> {
    const { rows } = await pool.query<Upload>(
      `select key, store_id as "storeId", name, size::float8 as size,
              part_bytes::float8 as "partBytes",
              received_at as "receivedAt"
       from uploads
       where id = $1 and owner = $2 and abandoned_at is null`,
      [id, owner],
    );
    if (!rows[0])
      throw new UploadError(404, 'no_such_upload', 'None of yours');
    return rows[0];
  }
  // #endregion find-own-upload
  return { begin, describe, confirm, signDownload };
}
