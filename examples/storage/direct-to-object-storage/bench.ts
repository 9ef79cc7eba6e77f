import { randomUUID } from 'node:crypto';
import { startSwift } from '@touchstone/kit/object-storage/swift';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { compare, writeBench } from '@touchstone/kit/testing/bench';
import { createMultipartStore } from './multipart-store.ts';
import { toS3Config } from './object-storage.ts';
import { createGuest, putPart } from './test-client.ts';

const CLIENTS = 4;
const MIB = 2 ** 20;
const FILE = new Blob([Buffer.alloc(32 * MIB, 'film')]);
const MEBIBYTES = (CLIENTS * FILE.size) / MIB;

type Way = (url: string) => Promise<(file: Blob) => Promise<unknown>>;
type Usage = { cpuMilliseconds: number; peak: number };
type Figure = (usage: Usage, seconds: number) => number;

await using swift = await startSwift();
await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
  durable: true,
});
await database.pool.query(
  'create table files (owner text, key text, size bigint)',
);
const store = createMultipartStore('bench', toS3Config(swift));
await using direct = await startServer();
await using onePiece = await startServer();
await using through = await startServer();

const title = `${CLIENTS} clients at once, 32 MiB each`;
const tables = [
  await compareBy(
    `Uploads, ${title}`,
    { unit: 'MiB/s', better: 'higher' },
    (_, seconds) => MEBIBYTES / seconds,
  ),
  await compareBy(
    `Processor time of the API, ${title}`,
    { unit: 'ms/MiB', better: 'lower' },
    ({ cpuMilliseconds }) => cpuMilliseconds / MEBIBYTES,
  ),
  await compareBy(
    `Memory of the API at its peak, ${title}`,
    { unit: 'MiB', better: 'lower' },
    ({ peak }) => peak / MIB,
  ),
];
const { rows } = await database.pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'storage/direct-to-object-storage',
  software: `PostgreSQL ${rows[0].server_version}, OpenStack Swift`,
  tables,
});
store.s3.destroy();

function compareBy(
  title: string,
  { unit, better }: { unit: string; better: 'higher' | 'lower' },
  figure: Figure,
) {
  const measureAt = (server: { url: string }, way: Way) => () =>
    measure(server.url, way, figure);
  return compare({
    title,
    unit,
    better,
    contenders: [
      {
        name: 'this pattern',
        measure: measureAt(direct, sendDirectly),
      },
      {
        name: 'one presigned PUT (naive)',
        measure: measureAt(onePiece, sendInOnePiece),
        note: 'no resume; the client alone says name and size',
      },
      {
        name: '@aws-sdk/lib-storage in the API',
        measure: measureAt(through, sendThroughApi),
        note: 'every byte passes through the API',
      },
    ],
  });
}

async function measure(url: string, way: Way, figure: Figure) {
  const send = await way(url);
  await fetch(`${url}/usage`, { method: 'POST' });
  const start = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, () => send(FILE)));
  const seconds = (performance.now() - start) / 1000;
  const usage = (await (await fetch(`${url}/usage`)).json()) as Usage;
  await emptyBucket();
  return figure(usage, seconds);
}

/** This pattern, with the code of its web page. */
async function sendDirectly(url: string) {
  const ada = await createGuest(url, 'ada');
  return (file: Blob) => ada.upload(file);
}

/** One signed URL for all of the file, and a confirmation that is believed. */
async function sendInOnePiece(url: string) {
  return async (file: Blob) => {
    const place = `${url}/naive/${randomUUID()}`;
    const signed = await fetch(place, { method: 'POST' });
    expectOk(await putPart((await signed.json()).url, file));
    const confirmation = `${place}/confirmation?size=${file.size}`;
    expectOk(await fetch(confirmation, { method: 'POST' }));
  };
}

/** Through the API, which streams it on with @aws-sdk/lib-storage. */
async function sendThroughApi(url: string) {
  return async (file: Blob) =>
    expectOk(await putPart(`${url}/through/${randomUUID()}`, file));
}

function expectOk(response: Response) {
  if (!response.ok) throw new Error(`the bench got ${response.status}`);
}

/** Otherwise the disk is full before the last round. */
async function emptyBucket() {
  const Bucket = 'bench';
  const { Contents = [] } = await store.s3.listObjectsV2({ Bucket });
  for (const { Key } of Contents)
    await store.s3.deleteObject({ Bucket, Key });
}

function startServer() {
  return startProgram(new URL('bench-server.ts', import.meta.url), {
    DATABASE_URL: database.url,
    S3_ENDPOINT: swift.endpoint,
    AWS_REGION: swift.region,
    AWS_ACCESS_KEY_ID: swift.accessKeyId,
    AWS_SECRET_ACCESS_KEY: swift.secretAccessKey,
  });
}
