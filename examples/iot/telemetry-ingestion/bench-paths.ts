import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { startMosquitto } from '@touchstone/kit/messaging/mosquitto';
import { systemClock } from '@touchstone/kit/time/clock';
import { connectAsync } from 'mqtt';
import type { Pool } from 'pg';
import type { DevicesOptions } from './bench-devices.ts';
import { startIngestion } from './ingestion.ts';
import { insertReadings } from './insert-readings.ts';
import { listenMqtt } from './listen-mqtt.ts';
import { startNaiveIngestion } from './naive.ts';
import { readReading } from './read-message.ts';

// Each path starts a broker, and counts what it has stored.

/** A way from devices to the table. */
export type Path = AsyncDisposable & {
  url: string;
  countStored: () => number;
};

/** This pattern, with a quota that no device reaches. */
export async function startPatternPath(pool: Pool) {
  const ingestion = await startIngestion({
    pool,
    clock: systemClock,
    log: console,
    perSecond: 1e6,
    burst: 1e9,
    maxWaitingBytes: 2 ** 26,
  });
  const mqtt = await listenMqtt(ingestion);
  async function stop() {
    mqtt[Symbol.dispose]();
    await ingestion[Symbol.asyncDispose]();
  }
  const { port, url } = mqtt;
  return { ...ingestion, port, url, [Symbol.asyncDispose]: stop };
}

/** Mosquitto, which hands over to this pattern. */
export async function startFrontPath(
  ingestion: Awaited<ReturnType<typeof startPatternPath>>,
) {
  const key = await ingestion.devices.register('front', {
    isFront: true,
  });
  return startMosquitto({
    configuration: new URL('mosquitto.conf', import.meta.url),
    values: {
      ENDPOINT: `127.0.0.1:${ingestion.port}`,
      FRONT_ID: 'front',
      FRONT_KEY: `${key}`,
    },
    files: await ingestion.devices.writeMosquittoFiles(),
  });
}

/** The tempting way. */
export async function startNaivePath(pool: Pool): Promise<Path> {
  const naive = await startNaiveIngestion({ pool, log: console });
  return { ...naive, countStored: () => naive.counts.handled };
}

/** mqtt.js as a subscriber of Mosquitto, which acknowledges after the commit. */
export async function startSubscriberPath(pool: Pool): Promise<Path> {
  const mosquitto = await startMosquitto({
    configuration: new URL('bench-mosquitto.conf', import.meta.url),
  });
  const client = await connectAsync(mosquitto.url, {
    clientId: 'subscriber',
    clean: false,
  });
  let stored = 0;
  const keyIds = await readKeyIds(pool);
  client.handleMessage = async (packet, done) => {
    if (packet.cmd !== 'publish') return done();
    const id = packet.topic.split('/')[1] ?? '';
    const payload = Buffer.from(packet.payload);
    const reading = readReading(id, payload, new Date());
    const keyId = `${keyIds.get(id)}`;
    if (reading) await insertReadings(pool, [{ ...reading, keyId }]);
    stored++;
    done();
  };
  await client.subscribeAsync('devices/+/readings', { qos: 1 });
  async function stop() {
    await client.endAsync();
    await mosquitto[Symbol.asyncDispose]();
  }
  return {
    url: mosquitto.url,
    countStored: () => stored,
    [Symbol.asyncDispose]: stop,
  };
}

/** The key of each device, by its id. */
export async function readKeyIds(pool: Pool) {
  const { rows } = await pool.query<{ id: string; key: string }>(
    'select id, key_id as key from devices',
  );
  return new Map(rows.map(({ id, key }) => [id, key]));
}

/** Devices that send when they are told. */
export async function startDevices(options: DevicesOptions) {
  const worker = new Worker(
    new URL('bench-devices.ts', import.meta.url),
    { workerData: options },
  );
  await once(worker, 'message');
  async function send(count: number) {
    worker.postMessage(count);
    await once(worker, 'message');
  }
  async function dispose() {
    await worker.terminate();
  }
  return { send, [Symbol.asyncDispose]: dispose };
}
