import { runExample } from '@touchstone/kit/app/run-example';
import { startObjectStore } from '@touchstone/kit/object-storage/object-store';
import { startClamd } from '@touchstone/kit/scanning/clamd';
import {
  configureStore,
  createBuckets,
  createJobTables,
} from './example-services.ts';
import { startFiles } from './start-files.ts';

await runExample(import.meta, async ({ pool, databaseUrl }) => {
  const stack = new AsyncDisposableStack();
  const store = stack.use(await startObjectStore());
  const clamd = stack.use(await startClamd());
  console.error(`${store.description}\n${clamd.description}`);
  const { QUARANTINE_BUCKET, PUBLISHED_BUCKET } = process.env;
  const buckets = {
    quarantine: QUARANTINE_BUCKET ?? 'quarantine',
    published: PUBLISHED_BUCKET ?? 'published',
  };
  await createBuckets(store, Object.values(buckets));
  await createJobTables(pool);
  const files = startFiles({
    connectionString: databaseUrl,
    store: configureStore(store),
    buckets,
    clamd,
    log: console,
  });
  stack.defer(files.stop);
  const stop = () => stack.disposeAsync();
  return { app: files.app, commands, stop };
});

function commands(url: string): string[] {
  const post = (file: string, type: string) =>
    `curl '${url}/files?name=${file}' -H 'content-type: ${type}'`;
  return [
    `${post('photo.jpg', 'image/jpeg')} --data-binary @photo.jpg`,
    `${post('photo.png', 'image/png')} --data-binary '<script>'`,
    `curl ${url}/files/<the id that you got>`,
    `curl -i ${url}/files/<the id that you got>/content -o out.jpg`,
  ];
}
