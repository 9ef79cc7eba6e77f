import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { waitUntil } from '@touchstone/kit/time/wait';
import pg from 'pg';
import {
  copyAndInsert,
  copyStraight,
  insertMultiRow,
  insertSingly,
} from './bench-inserts.ts';
import {
  readKeyIds,
  startDevices,
  startFrontPath,
  startNaivePath,
  startPatternPath,
  startSubscriberPath,
} from './bench-paths.ts';
import { insertReadings, type SentReading } from './insert-readings.ts';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
  durable: true,
});
const { pool } = database;
await using ingestion = await startPatternPath(pool);
const keys: [string, string][] = [];
for (let n = 0; n < 8; n++)
  keys.push([
    `device-${n}`,
    `${await ingestion.devices.register(`device-${n}`)}`,
  ]);
const keyIds = await readKeyIds(pool);
const onePool = new pg.Pool({ connectionString: database.url, max: 1 });
let sequence = 0;

const tables = [
  await compareInserts(100),
  await compareInserts(5000),
  await comparePaths(),
];
await onePool.end();
const { rows } = await pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'iot/telemetry-ingestion',
  software: `PostgreSQL ${rows[0].server_version}`,
  tables,
});

type Insert = (pool: pg.Pool, batch: SentReading[]) => Promise<unknown>;

function compareInserts(size: number) {
  const load = { clients: 1, seconds: 1 };
  const measure =
    (insert: Insert, batchSize = size) =>
    async () => {
      const operate = () => insert(onePool, makeBatch(batchSize));
      return batchSize * (await operationsPerSecond(load, operate));
    };
  return compare({
    title: `Into the table, ${size.toLocaleString('en')} readings at a time, one connection`,
    unit: 'readings/s',
    better: 'higher',
    contenders: [
      {
        name: 'this pattern: unnest',
        measure: measure(insertReadings),
        note: 'also refuses revoked devices and keeps the latest values',
      },
      {
        name: 'single inserts (naive)',
        measure: measure(insertSingly),
      },
      { name: 'multi-row insert', measure: measure(insertMultiRow) },
      {
        name: 'COPY into staging, then insert (pg-copy-streams)',
        measure: measure(copyAndInsert),
      },
      {
        name: 'COPY into the table (pg-copy-streams)',
        measure: measure(copyStraight),
        note: 'a duplicate fails the batch',
      },
    ],
  });
}

async function comparePaths() {
  await using front = await startFrontPath(ingestion);
  await using naive = await startNaivePath(pool);
  await using subscriber = await startSubscriberPath(pool);
  await using direct = await startDevices({ url: ingestion.url, keys });
  await using fronted = await startDevices({ url: front.url, keys });
  await using naively = await startDevices({ url: naive.url, keys });
  await using subscribed = await startDevices({
    url: subscriber.url,
    keys,
  });
  const countOurs = () => ingestion.readCounts().stored;
  return await compare({
    title: 'From eight devices to the table',
    unit: 'readings/s',
    better: 'higher',
    contenders: [
      {
        name: 'this pattern',
        measure: () => measurePath(direct, countOurs, 10_000),
      },
      {
        name: 'a handler and single inserts (naive)',
        measure: () => measurePath(naively, naive.countStored, 2000),
        note: 'acknowledges before it stores, ten inserts at once',
      },
      {
        name: 'Mosquitto in front of this pattern',
        measure: () => measurePath(fronted, countOurs, 10_000),
      },
      {
        name: 'mqtt.js subscribed to Mosquitto, acknowledging after the commit',
        measure: () =>
          measurePath(subscribed, subscriber.countStored, 400),
        note: 'one message at a time',
      },
    ],
  });
}

type Devices = { send: (count: number) => Promise<void> };

/** Until all of them are in the table. */
async function measurePath(
  devices: Devices,
  countStored: () => number,
  count: number,
) {
  const before = countStored();
  const start = performance.now();
  await devices.send(count);
  await waitUntil(
    'all is stored',
    () => countStored() === before + count,
  );
  return count / ((performance.now() - start) / 1000);
}

function makeBatch(size: number): SentReading[] {
  return Array.from({ length: size }, () => {
    const now = new Date();
    const deviceId = `device-${sequence % 8}`;
    return {
      deviceId,
      keyId: `${keyIds.get(deviceId)}`,
      sequence: sequence++,
      measuredAt: now,
      metric: 'celsius',
      value: (sequence % 300) / 10,
      at: now,
      receivedAt: now,
    };
  });
}
