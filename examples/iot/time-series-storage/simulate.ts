import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from './test-client.ts';

// Two sensors: what they measured in the last day, with an hour in
// which both were off, and then a reading each second.
const HOUR = 3_600_000;
const SENSORS = ['cellar', 'roof'];
const url = process.argv[2] ?? 'http://127.0.0.1:3000';
const client = createClient(url);

for (const sensor of SENSORS) await client.register(sensor);
const start = Date.now();
for (let at = start - 24 * HOUR; at < start; at += HOUR) {
  const isOff = at === start - 8 * HOUR;
  if (!isOff) await send(at, 360, 10_000);
}
console.log(`a day of readings is at ${url}; more each second`);
for (;;) {
  await send(Date.now(), 1, 0);
  await pause(1000);
}

async function send(from: number, count: number, step: number) {
  const times = Array.from(
    { length: count },
    (_, n) => from + n * step,
  );
  const readings = SENSORS.flatMap((sensor, nth) =>
    times.map((time) => ({
      sensor,
      at: new Date(time).toISOString(),
      value: measure(nth, time),
    })),
  );
  const { status, body } = await client.post(readings);
  if (status !== 201) throw new Error(JSON.stringify(body));
}

/** Warm by day, cold by night, and a little restless. */
function measure(nth: number, time: number): number {
  const day = Math.sin((time / (24 * HOUR)) * 2 * Math.PI);
  const wind = Math.sin(time / 70_000) + Math.random();
  return Math.round((12 + nth * 6 + 5 * day + wind) * 100) / 100;
}
