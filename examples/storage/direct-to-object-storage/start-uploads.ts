import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { Pool } from 'pg';
import { createApp } from './app.ts';
import {
  createDirectUploads,
  type DirectUploadOptions,
} from './direct-uploads.ts';
import { createMultipartStore } from './multipart-store.ts';
import { createUploadSweep } from './sweep-uploads.ts';

export type UploadServices = {
  pool: Pool;
  bucket: string;
  s3: S3ClientConfig;
  log: Parameters<typeof createApp>[0]['log'] & {
    warn: (message: string, details: object) => void;
  };
  options?: Partial<DirectUploadOptions>;
};

/** The app, and the sweep that runs every hour. */
export function startUploads(services: UploadServices) {
  const { pool, bucket, s3, log, options } = services;

  // #region wire
  const store = createMultipartStore(bucket, s3);
  const uploads = createDirectUploads({
    pool,
    store,
    // Your work for each file, such as a job that scans it.
    async onReceived(tx, { id }) {
      await tx.query(
        `insert into announcements (upload_id) values ($1)`,
        [id],
      );
    },
    ...options,
  });

  const { sweep } = createUploadSweep({ pool, store, log });
  const sweepSafely = () =>
    sweep().catch((error) => log.error('sweep failed', { error }));
  const timer = setInterval(sweepSafely, 3_600_000);

  function stop() {
    clearInterval(timer);
    store.s3.destroy();
  }
  // #endregion wire

  const storeOrigin = `${s3.endpoint}`;
  const app = createApp({ uploads, storeOrigin, log });
  return { app, store, uploads, sweep, stop };
}
