import type { Pool } from 'pg';
import { type HistoryQuery, readHistory } from './history.ts';
import { createReadings } from './readings.ts';
import { createRollUps } from './roll-ups.ts';
import { createSensors } from './sensors.ts';
import { createTimePartitions, type Log } from './time-partitions.ts';

// #region wire
/** All parts of the storage, on one pool and one clock. */
export function createStorage(options: {
  pool: Pool;
  clock: () => Date;
  log: Log;
}) {
  const { pool, clock } = options;
  const partitions = createTimePartitions(options);
  return {
    partitions,
    sensors: createSensors(options),
    readings: createReadings({ ...options, partitions }),
    rollUps: createRollUps(options),
    readHistory: (query: HistoryQuery) =>
      readHistory(pool, query, clock()),
  };
}
// #endregion wire

/** The parts of the storage. */
export type Storage = ReturnType<typeof createStorage>;
