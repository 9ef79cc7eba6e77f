import { freshDatabase } from '@touchstone/kit/postgres/database';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startProgram } from '@touchstone/kit/programs/program';
import { createClient } from '@touchstone/kit/testing/client';
import { createSecrets } from './secrets.ts';
import { connectDevice } from './test-device.ts';

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
const { OPERATOR_TOKEN } = createSecrets();
const mqttPort = await findFreePort();
const mqttUrl = `mqtt://127.0.0.1:${mqttPort}`;
await using program = await startProgram(
  new URL('main.ts', import.meta.url),
  {
    OPERATOR_TOKEN,
    DATABASE_URL: database.url,
    PORT: '0',
    MQTT_PORT: `${mqttPort}`,
  },
);
const send = createClient(program.url, {
  authorization: `Bearer ${OPERATOR_TOKEN}`,
});
const now = Date.now();

const { body } = await send('POST', '/devices', {
  body: { id: 'kitchen' },
});
const key = `${body.key}`;
await using kitchen = await connectDevice(mqttUrl, 'kitchen', key);
console.log('the kitchen has a key, and is connected');

await measure(1, now - 60_000, 21.5);
await measure(1, now - 60_000, 21.5);
await measure(2, now, 22);
await measure(3, now - 3_600_000, 19);
console.log('it sends 1, 1 again, 2, and 3, which is an hour old');
const counts = await send('GET', '/counts');
console.log(`stored: ${counts.body.stored}`);
await showLatest();

await measure(4, Date.parse('2099-01-01'), 22.5);
console.log('its clock says 2099');
const points = await send<Point[]>('GET', '/devices/kitchen/celsius');
for (const { at, clockIsOff } of points.body.slice(-1)) {
  const isNow = Math.abs(Date.parse(at) - now) < 60_000;
  console.log(`kept under the time of the server: ${isNow}`);
  console.log(`clockIsOff: ${clockIsOff}`);
}

await kitchen.publish('devices/lamp/readings', '{}');
await kitchen.publish('devices/kitchen/readings', 'hello');
console.log('it publishes as the lamp, and then hello');
const letters = await send<Letter[]>('GET', '/dead-letters');
for (const { reason } of letters.body)
  console.log(`dead letter: ${reason}`);

await send('DELETE', '/devices/kitchen');
console.log('its key is revoked');
kitchen.client.options.reconnectOnConnackError = false;
measure(5, now, 23).catch(() => {});
await kitchen.closed();
console.log('it sends 5: the connection is closed');
await showLatest();

function measure(sequence: number, time: number, value: number) {
  return kitchen.send({ sequence, at: time, value });
}

async function showLatest() {
  const { body } = await send<Latest[]>('GET', '/readings/latest');
  for (const { sequence, value } of body)
    console.log(`latest: ${sequence}, ${value} °C`);
}

type Point = { at: string; clockIsOff: boolean };
type Letter = { reason: string };
type Latest = { sequence: string; value: number };
