import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { waitUntil } from '@touchstone/kit/time/wait';
import { createClient } from './test-client.ts';
import { listPartitions, SCHEMA } from './test-storage.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

await using database = await freshDatabase({ schema: SCHEMA });
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { DATABASE_URL: database.url, PORT: '0', ROLL_UP_SECONDS: '0.2' },
);
const roof = createClient(program.url);
await roof.register('roof');

const midnight = Math.floor(Date.now() / DAY) * DAY;
const yesterday = midnight - DAY;
const readings = Array.from({ length: 1440 }, (_, n) =>
  toReading(yesterday + n * MINUTE, 10),
);
await show('a day of readings', readings);
await show('the same once more', readings);
await waitUntil(
  'it is rolled up',
  async () => (await count()) === 1440,
);
console.log(`GET history: ${await tell()}`);

const late = [toReading(yesterday + 30_000, 1451)];
await show('a reading that is a day late', late);
await waitUntil(
  'it is rolled up',
  async () => (await count()) === 1441,
);
console.log(`GET history: ${await tell()}`);
const { body } = await roof.latest('roof');
console.log(`GET latest: ${body.value}`);
await show('a reading of 2099', [toReading(Date.UTC(2099), 10)]);
const days = await listPartitions(database.pool, 'sensor_readings');
console.log(`partitions of a day: ${days.length}`);

function toReading(time: number, value: number) {
  return { sensor: 'roof', at: new Date(time).toISOString(), value };
}

async function show(what: string, sent: typeof readings) {
  const { status, body } = await roof.post(sent);
  const said = body.code ?? JSON.stringify(body);
  console.log(`POST ${what}: ${status} ${said}`);
}

async function read() {
  const { body } = await roof.history('roof', {
    from: new Date(yesterday).toISOString(),
    to: new Date(midnight).toISOString(),
    maxPoints: '50',
  });
  return body as { step: string; points: Point[] };
}

type Point = { count: number; mean: number; max: number };

async function count() {
  const { points } = await read();
  return points.reduce((sum, { count }) => sum + count, 0);
}

async function tell() {
  const { step, points } = await read();
  const [first] = points;
  return `${points.length} points of ${step}; the first has ${first?.count} readings, mean ${first?.mean.toFixed(2)}`;
}
