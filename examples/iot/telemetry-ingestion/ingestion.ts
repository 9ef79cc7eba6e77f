import type { Pool } from 'pg';
import { createBatches } from './batches.ts';
import { insertDeadLetters, type SentLetter } from './dead-letters.ts';
import { createDevices } from './devices.ts';
import { insertReadings, type SentReading } from './insert-readings.ts';
import { type ListenMqttOptions, listenMqtt } from './listen-mqtt.ts';
import { createMqttEndpoint } from './mqtt-endpoint.ts';
import { createQuota } from './quota.ts';

/** By default a device sends ten readings a second, and an hour's worth at once. */
export type IngestionOptions = ListenMqttOptions & {
  /** With time limits, or a database that is silent holds up everything. */
  pool: Pool;
  clock: () => Date;
  log: { warn: (message: string, details: object) => void };
  perSecond?: number;
  burst?: number;
  retrySeconds?: number;
  maxWaitingBytes?: number;
};

/** The way of a reading from a socket to the table. */
export async function startIngestion(options: IngestionOptions) {
  const { pool, clock, log, retrySeconds = 1 } = options;
  const { perSecond = 10, burst = 36_000 } = options;
  const { maxWaitingBytes = 2 ** 26 } = options;
  const counts = { stored: 0, duplicates: 0, deadLetters: 0 };

  async function writeReadings(batch: SentReading[]) {
    const { allowed, stored } = await insertReadings(pool, batch);
    counts.stored += stored;
    counts.duplicates += allowed.length - stored;
    return allowed;
  }

  async function writeLetters(batch: SentLetter[]) {
    const allowed = await insertDeadLetters(pool, batch);
    counts.deadLetters += allowed.length;
    return allowed;
  }

  const about = { log, retrySeconds };
  const readings = createBatches({ ...about, write: writeReadings });
  const letters = createBatches({ ...about, write: writeLetters });
  const devices = createDevices({ pool, clock });
  const endpoint = await createMqttEndpoint({
    addReading: readings.add,
    addDeadLetter: letters.add,
    quota: createQuota({ perSecond, burst }),
    devices,
    maxWaitingBytes,
    clock,
    log,
  });
  const mqtt = await listenMqtt(endpoint, options);

  async function stop() {
    await mqtt[Symbol.asyncDispose]();
    readings.stop();
    letters.stop();
  }

  return {
    url: mqtt.url,
    port: mqtt.port,
    devices,
    readCounts: () => ({ ...counts, ...endpoint.counts }),
    [Symbol.asyncDispose]: stop,
  };
}
