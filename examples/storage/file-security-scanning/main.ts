import { S3Client } from '@aws-sdk/client-s3';
import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { openDatabase } from '@touchstone/kit/postgres/database';
import { startClamd } from '@touchstone/kit/scanning/clamd';
import { createApp } from './app.ts';
import { openBuckets } from './buckets.ts';
import { createClamdScanner } from './clamd-scanner.ts';
import { environmentSchema } from './environment.ts';
import { createFileQuarantine } from './file-quarantine.ts';
import { startFileWorker } from './file-worker.ts';
import { createSandbox } from './sandbox.ts';

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  await using database = await openDatabase({
    url: settings.DATABASE_URL,
    schema: new URL('schema.sql', import.meta.url),
    dataFolder: new URL('.data/postgres', import.meta.url),
  });
  await using store = await startObjectStore();
  await using clamd = await startClamd();
  console.error(`${store.description}\n${clamd.description}`);

  const { endpoint, region, ...credentials } = store;
  const buckets = await openBuckets(
    new S3Client({
      endpoint,
      region,
      credentials,
      forcePathStyle: true,
    }),
    {
      quarantine: settings.QUARANTINE_BUCKET,
      published: settings.PUBLISHED_BUCKET,
    },
  );
  const files = createFileQuarantine({
    pool: database.pool,
    ...buckets,
    inspect: createSandbox(),
    scan: createClamdScanner(clamd),
    log: console,
    leaseSeconds: settings.LEASE_SECONDS,
  });
  await using worker = startFileWorker({
    processNext: files.processNext,
    log: console,
    loops: settings.SANDBOXES,
  });
  const app = createApp({
    files,
    published: buckets.published,
    log: console,
    wake: worker.wake,
  });
  await using server = await listen(app, { port: settings.PORT });
  console.log(`listening on ${server.url}`);
  console.log(describeUse(server.url));
  await stopped;
});

function describeUse(url: string): string {
  const put = (file: string, type: string) =>
    `  curl '${url}/files?name=${file}' -H 'content-type: ${type}'`;
  return [
    'try, with a photo of yours:',
    `${put('photo.jpg', 'image/jpeg')} --data-binary @photo.jpg`,
    `${put('photo.png', 'image/png')} --data-binary '<script>'`,
    `  curl ${url}/files/<the id you got>`,
    `  curl -i ${url}/files/<the id you got>/content -o published.jpg`,
  ].join('\n');
}
