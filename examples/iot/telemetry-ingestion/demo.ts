import { freshDatabase } from '@touchstone/kit/postgres/database';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startProgram } from '@touchstone/kit/programs/program';
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
const now = Date.now();

const { key } = await ask('POST', '/devices', { id: 'kitchen' });
await using kitchen = await connectDevice(mqttUrl, 'kitchen', key);
console.log('the kitchen has a key, and is connected');

await send(1, now - 60_000, 21.5);
await send(1, now - 60_000, 21.5);
await send(2, now, 22);
await send(3, now - 3_600_000, 19);
console.log('it sends 1, 1 again, 2, and 3, which is an hour old');
console.log(`stored: ${(await ask('GET', '/counts')).stored}`);
await showLatest();

await send(4, Date.parse('2099-01-01'), 22.5);
console.log('its clock says 2099');
const points = await ask('GET', '/devices/kitchen/celsius');
const { at, clockIsOff } = points.at(-1);
const isNow = Math.abs(Date.parse(at) - now) < 60_000;
console.log(`kept under our time: ${isNow}, clockIsOff: ${clockIsOff}`);

await kitchen.publish('devices/lamp/readings', '{}');
await kitchen.publish('devices/kitchen/readings', 'hello');
console.log('it speaks for the lamp, and says hello');
for (const { reason } of await ask('GET', '/dead-letters'))
  console.log(`dead letter: ${reason}`);

await ask('DELETE', '/devices/kitchen');
console.log('its key is revoked');
kitchen.client.options.reconnectOnConnackError = false;
send(5, now, 23).catch(() => {});
await kitchen.closed();
console.log('it sends 5: the connection is closed');
await showLatest();

function send(sequence: number, time: number, value: number) {
  return kitchen.send({ sequence, at: time, value });
}

async function showLatest() {
  const [latest] = await ask('GET', '/readings/latest');
  console.log(`latest: ${latest.sequence}, ${latest.value} °C`);
}

async function ask(method: string, path: string, body?: object) {
  const response = await fetch(`${program.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${OPERATOR_TOKEN}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return response.status === 204 ? undefined : response.json();
}
