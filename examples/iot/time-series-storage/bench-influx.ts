import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireProgram } from '@touchstone/kit/programs/find-program';
import { findFreePort } from '@touchstone/kit/programs/free-port';
import { startGuardedProgram } from '@touchstone/kit/programs/guarded-program';
import { waitUntil } from '@touchstone/kit/time/wait';
import {
  type BenchStore,
  DAYS,
  EVERY_SECONDS,
  SENSORS,
} from './bench-stores.ts';
import { DAY } from './levels.ts';
import type { Reading } from './readings.ts';

type Series = {
  columns: string[];
  values: (number | string | null)[][];
};
type Result = { results: { series?: Series[]; error?: string }[] };

/** An InfluxDB 1 of our own, as Debian has it; commits reach the disk. */
export async function startInflux() {
  const program = await requireProgram({
    names: ['influxd'],
    variable: 'INFLUXD_PATH',
    debianPackage: 'influxdb',
  });
  const [http, rpc] = [await findFreePort(), await findFreePort()];
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-influx-'));
  const { stop } = startGuardedProgram({
    program,
    args: ['run'],
    environment: settings(folder, http, rpc),
    stopSignal: 'SIGTERM',
    logFile: join(folder, 'influx.log'),
    removeAfterwards: folder,
  });
  const url = `http://127.0.0.1:${http}`;
  await waitUntil('InfluxDB answers', () =>
    fetch(`${url}/ping`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );

  async function query(text: string): Promise<Series[]> {
    const body = new URLSearchParams({ q: text });
    const response = await fetch(`${url}/query?db=bench&epoch=ms`, {
      method: 'POST',
      body,
    });
    const { results } = (await response.json()) as Result;
    if (results[0]?.error) throw new Error(results[0].error);
    return results[0]?.series ?? [];
  }

  async function write(lines: string) {
    const response = await fetch(`${url}/write?db=bench&precision=ms`, {
      method: 'POST',
      body: lines,
    });
    if (!response.ok) throw new Error(await response.text());
  }

  await query(
    'create database bench with duration inf shard duration 1d',
  );
  return { query, write, [Symbol.asyncDispose]: stop };
}

const QUARTER = 900_000;

type Influx = Awaited<ReturnType<typeof startInflux>>;

function settings(folder: string, http: number, rpc: number) {
  return {
    INFLUXDB_REPORTING_DISABLED: 'true',
    INFLUXDB_BIND_ADDRESS: `127.0.0.1:${rpc}`,
    INFLUXDB_HTTP_BIND_ADDRESS: `127.0.0.1:${http}`,
    INFLUXDB_HTTP_LOG_ENABLED: 'false',
    INFLUXDB_DATA_QUERY_LOG_ENABLED: 'false',
    INFLUXDB_MONITOR_STORE_ENABLED: 'false',
    INFLUXDB_META_DIR: join(folder, 'meta'),
    INFLUXDB_DATA_DIR: join(folder, 'data'),
    INFLUXDB_DATA_WAL_DIR: join(folder, 'wal'),
  };
}

/** InfluxDB, which keeps a shard a day and the same quarters as the pattern. */
export function openInflux({ query, write }: Influx): BenchStore {
  let touched = Number.POSITIVE_INFINITY;

  const toLines = (readings: Reading[]) =>
    readings
      .map(
        ({ sensor, at, value }) =>
          `readings,sensor=${sensor} value=${value} ${at.getTime()}`,
      )
      .join('\n');

  async function fill(end: Date) {
    const start = end.getTime() - DAYS * DAY;
    const step = EVERY_SECONDS * 1000;
    for (let from = start; from < end.getTime(); from += DAY / 8) {
      const readings: Reading[] = [];
      for (let time = from; time < from + DAY / 8; time += step)
        for (const [id, sensor] of SENSORS.entries())
          readings.push({
            sensor,
            at: new Date(time),
            value: id + 1 + Math.sin(time / 3_600_000),
          });
      await write(toLines(readings));
    }
    await rollUp(start);
  }

  /** What a continuous query does, for all that changed since then. */
  async function rollUp(since: number) {
    const from = Math.floor(since / QUARTER) * QUARTER;
    await query(
      `select count(value), sum(value), min(value), max(value)
       into quarters from readings
       where time >= ${from}ms and time < ${from + DAYS * DAY}ms
       group by time(15m), sensor`,
    );
  }

  async function append(readings: Reading[]) {
    for (const { at } of readings)
      touched = Math.min(touched, at.getTime());
    await write(toLines(readings));
  }

  async function settle() {
    await rollUp(touched);
    touched = Number.POSITIVE_INFINITY;
  }

  async function history(sensor: string, from: Date, to: Date) {
    const [series] = await query(
      `select sum(sum) / sum(count), min(min), max(max), sum(count)
       from quarters
       where sensor = '${sensor}' and time >= ${from.getTime()}ms
         and time < ${to.getTime()}ms
       group by time(1h)`,
    );
    return series?.values.length ?? 0;
  }

  /** A shard is dropped by its number; its time comes from `show shards`. */
  async function forget(day: Date) {
    const shards = await query('show shards');
    const found = shards
      .flatMap(({ columns, values }) =>
        values.map((row) =>
          Object.fromEntries(columns.map((name, n) => [name, row[n]])),
        ),
      )
      .find(
        ({ start_time }) =>
          Date.parse(`${start_time}`) === day.getTime(),
      );
    if (!found) throw new Error(`no shard of ${day.toISOString()}`);
    await query(`drop shard ${found.id}`);
  }

  return {
    name: 'InfluxDB 1.6',
    note: 'a server of its own; appends: with the roll-up that follows',
    fill,
    history,
    forget,
    latest: async () =>
      (await query('select last(value) from readings group by sensor'))
        .length,
    append,
    settle,
  };
}
