import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startTcpProxy } from '@touchstone/kit/proxies/tcp-proxy';
import { waitUntil } from '@touchstone/kit/time/wait';
import pg from 'pg';
import { startNaiveIngestion } from './naive.ts';
import { connectDevice, write } from './test-device.ts';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
const url = new URL(database.url);
await using proxy = await startTcpProxy(Number(url.port));
url.port = `${proxy.port}`;
const pool = new pg.Pool({ connectionString: url.href });
pool.on('error', () => {});
await using naive = await startNaiveIngestion({
  pool,
  log: { error: () => {} },
});
await using kitchen = await connectDevice(naive.url, 'kitchen', '');
const now = Date.parse('2026-01-01T12:00:00Z');
let sent = 0;

await send({ sequence: 1, at: now });
await send({ sequence: 1, at: now });
console.log(
  'the kitchen sends a reading, gets no answer, and sends it again',
);
console.log(`rows: ${await count()}`);

await send({ sequence: 2, at: Date.parse('2099-01-01'), value: 85 });
await send({ sequence: 3, at: now + 1000, value: 21.6 });
console.log('its clock says 2099, and is corrected');
console.log(`its latest value, from now on: ${await findLatest()}`);

await using thief = await connectDevice(naive.url, 'lamp', '');
await thief.publish(
  'devices/kitchen/readings',
  write({ sequence: 4, at: now, value: -40 }),
);
await handled();
console.log(`the lamp publishes as the kitchen: rows ${await count()}`);

proxy.pointTo(1);
proxy.cut();
for (let sequence = 5; sequence < 15; sequence++)
  await send({ sequence, at: now + sequence * 1000 });
console.log(
  'the database cannot be reached: 10 readings, 10 acknowledged',
);
proxy.pointTo(Number(new URL(database.url).port));
console.log(`it is back: rows ${await count()}`);
await pool.end();

async function send(measurement: Parameters<typeof write>[0]) {
  await kitchen.send({ value: 21.5, ...measurement });
  await handled();
}

async function handled() {
  sent++;
  await waitUntil('it is handled', () => naive.counts.handled === sent);
}

async function count() {
  const { rows } = await database.pool.query(
    'select count(*) from naive_readings',
  );
  return rows[0].count;
}

async function findLatest() {
  const { rows } = await database.pool.query(
    'select value from naive_readings order by at desc limit 1',
  );
  return rows[0].value;
}
