import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import { createClient } from '@touchstone/kit/testing/client';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { History } from './history.ts';
import { listPartitions, SCHEMA } from './test-storage.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

await using database = await freshDatabase({ schema: SCHEMA });
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  { DATABASE_URL: database.url, PORT: '0' },
);
const send = createClient(program.url);
await send('PUT', '/sensors/roof');

const midnight = Math.floor(Date.now() / DAY) * DAY;
const yesterday = midnight - DAY;
const readings = Array.from({ length: 1440 }, (_, n) =>
  toReading(yesterday + n * MINUTE, 10),
);
await post('a day of readings', readings);
await post('the same once more', readings);
await showHistory(1440);
const late = toReading(yesterday + 30_000, 1451);
const wrong = toReading(Date.UTC(2099), 10);
await post('one that is a day late, one of 2099', [late, wrong]);
await showHistory(1441);
await send('DELETE', readingsPath(yesterday, yesterday + 60 * MINUTE));
console.log('DELETE the readings of the first hour');
await showHistory(1380);
const days = await listPartitions(database.pool, 'sensor_readings');
console.log(`partitions of a day: ${days.length}`);

function toReading(time: number, value: number) {
  return { sensor: 'roof', at: new Date(time).toISOString(), value };
}

async function post(what: string, sent: typeof readings) {
  const body = { readings: sent };
  const answer = await send('POST', '/readings', { body });
  const said = JSON.stringify(answer.body);
  console.log(`POST ${what}: ${answer.status}\n  ${said}`);
}

/** Waits until the chart has all readings, and shows it. */
async function showHistory(expected: number) {
  const path = readingsPath(yesterday, midnight, { maxPoints: '50' });
  let body: History = { step: '', table: 'quarters', points: [] };
  await waitUntil('it is rolled up', async () => {
    ({ body } = await send<History>('GET', path));
    const counts = body.points.map(({ count }) => count);
    return counts.reduce((sum, count) => sum + count) === expected;
  });
  const [first] = body.points;
  console.log(
    `GET history: ${body.points.length} points of ${body.step}; ` +
      `the first has ${first?.count} readings, mean ${first?.mean?.toFixed(2)}`,
  );
}

function readingsPath(from: number, to: number, more = {}): string {
  const span = { from: toIso(from), to: toIso(to), ...more };
  return `/sensors/roof/readings?${new URLSearchParams(span)}`;
}

function toIso(time: number): string {
  return new Date(time).toISOString();
}
