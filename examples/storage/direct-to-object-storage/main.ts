import { runExample } from '@touchstone/kit/app/run-example';
import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { ensureBucket, toS3Config } from './object-storage.ts';
import { startUploads } from './start-uploads.ts';

await runExample(import.meta, async ({ pool }) => {
  const bucket = process.env.S3_BUCKET ?? 'touchstone-uploads';
  const objectStore = await startObjectStore();
  console.error(objectStore.description);
  const s3 = toS3Config(objectStore);
  const services = { pool, bucket, s3, log: console };
  const { app, store, stop } = startUploads(services);
  await ensureBucket(store, bucket);
  return {
    app,
    commands: (url) => [`open ${url} in a browser, and upload a file`],
    async stop() {
      stop();
      await objectStore[Symbol.asyncDispose]();
    },
  };
});
