import {
  DeleteObjectCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { startSwift } from '@touchstone/kit/object-storage/swift';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { compare, writeBench } from '@touchstone/kit/testing/bench';
import {
  sendDirectly,
  sendInOnePiece,
  sendThroughApi,
  type Way,
} from './bench-uploads.ts';
import { createS3Client } from './s3-client.ts';

const CLIENTS = 4;
const MIB = 2 ** 20;
const FILE = new Blob([Buffer.alloc(32 * MIB, 'film')]);
const MEBIBYTES = (CLIENTS * FILE.size) / MIB;

type Usage = { cpuMilliseconds: number; peak: number };

await using swift = await startSwift();
await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
  durable: true,
});
const { pool } = database;
await pool.query(
  'create table files (owner text, key text, size bigint)',
);
const bucket = 'bench';
const client = createS3Client(swift);
await using direct = await startServer();
await using onePiece = await startServer();
await using through = await startServer();

const title = `${CLIENTS} clients at once, 32 MiB each`;
const tables = [
  await compareBy(
    `Uploads, ${title}`,
    'MiB/s',
    'higher',
    (_, seconds) => MEBIBYTES / seconds,
  ),
  await compareBy(
    `Processor time of the API, ${title}`,
    'ms/MiB',
    'lower',
    ({ cpuMilliseconds }) => cpuMilliseconds / MEBIBYTES,
  ),
  await compareBy(
    `Memory of the API at its peak, ${title}`,
    'MiB',
    'lower',
    ({ peak }) => peak / MIB,
  ),
];
const { rows } = await pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'storage/direct-to-object-storage',
  software: `PostgreSQL ${rows[0].server_version}, OpenStack Swift`,
  tables,
});
client.destroy();

type Figure = (usage: Usage, seconds: number) => number;

function compareBy(
  title: string,
  unit: string,
  better: 'higher' | 'lower',
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
        note: 'no resume; size and name are the client’s word',
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

/** Else the disk is full before the last round. */
async function emptyBucket() {
  const { Contents = [] } = await client.send(
    new ListObjectsV2Command({ Bucket: bucket }),
  );
  for (const { Key } of Contents)
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
}

function startServer() {
  return startProgram(new URL('bench-server.ts', import.meta.url), {
    DATABASE_URL: database.url,
    S3_BUCKET: bucket,
    S3_ENDPOINT: swift.endpoint,
    AWS_REGION: swift.region,
    AWS_ACCESS_KEY_ID: swift.accessKeyId,
    AWS_SECRET_ACCESS_KEY: swift.secretAccessKey,
  });
}
