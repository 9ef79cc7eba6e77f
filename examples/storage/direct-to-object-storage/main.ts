import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { systemClock } from '@touchstone/kit/time/clock';
import { createApp } from './app.ts';
import { createDirectUploads } from './direct-uploads.ts';
import { environmentSchema } from './environment.ts';
import { createMultipartStore } from './multipart-store.ts';
import { createS3Client, ensureBucket } from './s3-client.ts';
import { createSessions } from './sessions.ts';
import { createUploadSweep } from './sweep-uploads.ts';

const HOUR = 3_600_000;

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  await using objectStore = await startObjectStore();
  console.error(objectStore.description);
  const client = createS3Client(objectStore);
  const bucket = settings.S3_BUCKET;
  await ensureBucket(client, bucket);

  const { pool } = database;
  const services = { pool, clock: systemClock, log: console };
  const store = createMultipartStore({ client, bucket, ...services });
  const { sweep } = createUploadSweep({ ...services, store });
  const sweepAgain = () =>
    sweep().catch((error) => console.error('sweep failed', error));
  const timer = setInterval(sweepAgain, HOUR);

  const app = createApp({
    log: console,
    uploads: createDirectUploads({ ...services, store }),
    sessions: createSessions(services),
    storeOrigin: new URL(objectStore.endpoint).origin,
  });
  await using server = await listen(app, { port: settings.PORT });
  console.log(`listening on ${server.url}`);
  console.log(
    `try: open ${server.url} in a browser, and upload a file`,
  );
  await stopped;
  clearInterval(timer);
});
