import { parentPort, workerData } from 'node:worker_threads';
import { connectDevice } from './test-device.ts';

/** What the thread is told: whom to send to, as whom. */
export type DevicesOptions = { url: string; keys: [string, string][] };

// Devices in a thread of their own; each message is how many readings
// they must send, and the answer comes when all are acknowledged.
const { url, keys }: DevicesOptions = workerData;
const devices = await Promise.all(
  keys.map(([id, key]) => connectDevice(url, id, key)),
);
let sequence = Date.now() * 1000;

parentPort?.on('message', async (count: number) => {
  const sent = Array.from({ length: count }, (_, n) =>
    devices[n % devices.length]?.send({
      sequence: sequence++,
      at: Date.now(),
    }),
  );
  await Promise.all(sent);
  parentPort?.postMessage('acknowledged');
});
parentPort?.postMessage('connected');
