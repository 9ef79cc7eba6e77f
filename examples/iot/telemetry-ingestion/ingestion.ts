import type { Pool } from 'pg';
import { createBatches } from './batches.ts';
import { type DeadLetter, insertDeadLetters } from './dead-letters.ts';
import { createDevices } from './devices.ts';
import { insertReadings, type SentReading } from './insert-readings.ts';
import { createMqttEndpoint } from './mqtt-endpoint.ts';
import { createQuota } from './quota.ts';

/** By default a device sends ten readings a second, and an hour's worth at once. */
export type IngestionOptions = {
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

  async function writeLetters(batch: DeadLetter[]) {
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

  async function stop() {
    await endpoint[Symbol.asyncDispose]();
    readings.stop();
    letters.stop();
  }

  return {
    handle: endpoint.handle,
    devices,
    readCounts: () => ({ ...counts, ...endpoint.counts }),
    [Symbol.asyncDispose]: stop,
  };
}
