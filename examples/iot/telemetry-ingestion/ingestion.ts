import type { Pool } from 'pg';
import { createDeadLetters } from './dead-letters.ts';
import { createDevices } from './devices.ts';
import { listenMqtt } from './listen-mqtt.ts';
import { createMqttEndpoint } from './mqtt-endpoint.ts';
import {
  createReadingStore,
  type ReadingStoreOptions,
} from './reading-store.ts';
import { createTokenBuckets } from './token-buckets.ts';

/** What the whole of it needs; by default a device sends ten readings a second, and an hour's worth at once. */
export type IngestionOptions = ReadingStoreOptions & {
  pool: Pool;
  clock: () => Date;
  mqttPort?: number;
  perSecond?: number;
  burst?: number;
};

/** The way of a reading from a socket to the table. */
export async function startIngestion(options: IngestionOptions) {
  const { pool, clock, perSecond = 10, burst = 36_000 } = options;
  const store = createReadingStore(options);
  const deadLetters = createDeadLetters({ pool });
  const devices = createDevices({ pool, clock });
  const quota = createTokenBuckets({ clock, perSecond, burst });
  const parts = { store, devices, deadLetters, quota };
  const endpoint = await createMqttEndpoint({ ...options, ...parts });
  const mqtt = await listenMqtt(endpoint, options.mqttPort);

  async function dispose() {
    await mqtt[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  }

  return {
    url: mqtt.url,
    port: mqtt.port,
    devices,
    deadLetters,
    readCounts: () => ({ ...store.counts, ...endpoint.counts }),
    [Symbol.asyncDispose]: dispose,
  };
}
