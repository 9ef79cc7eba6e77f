import { openPool } from '@touchstone/kit/postgres/database';
import {
  lockTable,
  terminateWaiting,
  untilWaiting,
} from '@touchstone/kit/postgres/locks';
import { startProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { expect, it } from 'vitest';
import {
  chooseStep,
  describeHistory,
  type HistoryQuery,
} from './history.ts';
import { DAY } from './levels.ts';
import { startMaintenance } from './maintenance.ts';
import { createRollUps } from './roll-ups.ts';
import { countQuarters } from './test-calendar.ts';
import {
  fillQuarters,
  listPartitions,
  listTablesOfPlan,
  startTestStorage,
} from './test-storage.ts';
import { createTimePartitions } from './time-partitions.ts';

const MAIN = new URL('main.ts', import.meta.url);

failure(
  'The partition of the day is missing at midnight',
  {
    symptom:
      'Nothing is lost: the first batch creates the partition, and the log has `partition was missing`',
    defence: 'append',
    remains:
      'A writer that does not use `append`, such as COPY, gets the error: prepare days ahead, and alert on the log line',
  },
  async () => {
    await using storage = await startTestStorage();
    const { append, clock, pool, log } = storage;
    // Nothing has prepared partitions for three days.
    clock.advance({ days: 3, hours: 12 });
    const before = ['15', '16', '17', '18'].map(
      (day) => `sensor_readings_202606${day}`,
    );
    expect(await listPartitions(pool, 'sensor_readings')).toEqual(
      before,
    );
    await append({ '2026-06-18T23:59:59.999Z': 1 });
    expect(log.entries).toEqual([]);

    const answers = await Promise.all([
      append({ '2026-06-18T23:59:59Z': 2, '2026-06-19T00:00:00Z': 3 }),
      append({ '2026-06-19T00:00:00.001Z': 4 }),
      append({ '2026-06-19T00:00:01Z': 5 }),
    ]);

    expect(answers.map(({ added }) => added)).toEqual([2, 1, 1]);
    expect(await listPartitions(pool, 'sensor_readings')).toEqual([
      ...before,
      'sensor_readings_20260619',
    ]);
    expect(log.entries[0]).toMatchObject({
      level: 'warn',
      message: 'partition was missing',
      details: {},
    });
    expect(await readValues(pool)).toEqual([2, 1, 3, 4, 5]);
    await append({
      '2026-06-11T12:00:00Z': 6,
      '2026-06-13T12:00:00Z': 7,
    });
    expect(await listPartitions(pool, 'sensor_readings')).toEqual([
      'sensor_readings_20260611',
      'sensor_readings_20260612',
      'sensor_readings_20260613',
      ...before,
      'sensor_readings_20260619',
    ]);
    expect(log.entries.at(-1)?.details).toEqual({
      from: new Date('2026-06-11T12:00:00Z'),
      to: new Date('2026-06-13T12:00:00Z'),
    });
  },
);

failure(
  'A gateway was offline for three days, and sends what it has stored',
  {
    symptom:
      'Minutes and quarters of those days change with the next run; the latest value does not',
    defence: 'roll-up',
    remains:
      'A reading more than `LATE_DAYS` late is refused as `reading_too_old`',
  },
  async () => {
    await using storage = await startTestStorage();
    const { append, rollUps, rollUpsOf, sensors } = storage;
    await append({ '2026-06-12T08:00:10Z': 10 });
    await append({ '2026-06-15T11:59:00Z': 7 });
    await rollUps.runAll();

    await append({
      '2026-06-12T08:00:40Z': 20,
      '2026-06-12T08:14:59.999Z': 60,
      '2026-06-12T08:15:00Z': 5,
    });
    await rollUps.runAll();
    await rollUps.runAll();

    expect(await rollUpsOf('minutes')).toEqual([
      rolled('2026-06-12T08:00:00Z', [2, 30, 10, 20]),
      rolled('2026-06-12T08:14:00Z', [1, 60, 60, 60]),
      rolled('2026-06-12T08:15:00Z', [1, 5, 5, 5]),
      rolled('2026-06-15T11:59:00Z', [1, 7, 7, 7]),
    ]);
    expect(await rollUpsOf('quarters')).toEqual([
      rolled('2026-06-12T08:00:00Z', [3, 90, 10, 60]),
      rolled('2026-06-12T08:15:00Z', [1, 5, 5, 5]),
      rolled('2026-06-15T11:45:00Z', [1, 7, 7, 7]),
    ]);
    const latest = { at: new Date('2026-06-15T11:59:00Z'), value: 7 };
    expect(await sensors.find(['roof', 'shed'])).toEqual([
      { id: 1, name: 'roof', latest },
    ]);
  },
);

failure(
  'One sensor of a gateway has a wrong clock, or is not known',
  {
    symptom:
      'The answer lists that reading with its place and a code under `refused`; the rest of the batch is stored',
    defence: 'append',
    remains:
      'A clock that is wrong by less is accepted: `AHEAD_SECONDS` and `LATE_DAYS` are the limits. The clock of the process is trusted too',
  },
  async () => {
    await using storage = await startTestStorage();
    const { clock, pool, readings } = storage;
    const before = await listPartitions(pool, 'sensor_readings');
    const now = clock().getTime();
    const month = 30 * DAY;
    const send = (sensor: string, at: number, value: number) => ({
      sensor,
      at: new Date(at),
      value,
    });

    const batch = [
      send('roof', now - 1000, 1),
      send('roof', 0, 2),
      send('roof', now - month - 1, 3),
      send('roof', now + 300_001, 4),
      send('roof', Date.UTC(2099), 5),
      send('shed', now - 2000, 6),
      send('roof', Number.NaN, 7),
      send('roof', now - 3000, Number.NaN),
      send('roof', now - 4000, -1e15),
      send('roof', now - 5000, Number.POSITIVE_INFINITY),
      send('roof', now - 6000, 999_999_999_999_999),
      send('ro\0of', now - 7000, 8),
    ];

    const refused = [
      { index: 1, code: 'reading_too_old' },
      { index: 2, code: 'reading_too_old' },
      { index: 3, code: 'reading_in_future' },
      { index: 4, code: 'reading_in_future' },
      { index: 5, code: 'unknown_sensor' },
      { index: 6, code: 'reading_too_old' },
      { index: 7, code: 'invalid_value' },
      { index: 8, code: 'invalid_value' },
      { index: 9, code: 'invalid_value' },
      { index: 11, code: 'unknown_sensor' },
    ];
    expect(await readings.append(batch)).toEqual({
      added: 2,
      repeated: 0,
      refused,
    });
    expect(await readings.append(batch)).toEqual({
      added: 0,
      repeated: 2,
      refused,
    });
    expect(await readValues(pool)).toEqual([999_999_999_999_999, 1]);
    expect(await listPartitions(pool, 'sensor_readings')).toEqual(
      before,
    );
    const extremes = [
      send('roof', now - month, 1),
      send('roof', now + 300_000, 2),
    ];
    expect(await readings.append(extremes)).toEqual({
      added: 2,
      repeated: 0,
      refused: [],
    });
    expect(await readings.append([])).toMatchObject({ added: 0 });

    // An error that is not a missing partition is not answered by one.
    const again = [send('roof', now - 8000, 200)];
    await pool.query(
      'alter table sensor_readings add check (value < 100) not valid',
    );
    await expect(readings.append(again)).rejects.toMatchObject({
      code: '23514',
    });
    await pool.query('alter table marks rename to signs');
    await expect(readings.append(again)).rejects.toMatchObject({
      code: '42P01',
    });
    expect(
      storage.log.entries.filter(({ details }) => !('from' in details)),
    ).toEqual([]);
    expect(storage.log.entries.length).toBe(1);
  },
);

failure(
  'The roll-up is killed in the middle, or runs in two processes at once',
  {
    symptom:
      'Sums are exact: a run that dies leaves its marks, and only one runs at a time',
    defence: 'run-once',
    remains:
      'A process that is frozen in a run holds the lock for five minutes. The roll-ups of one database use one core: split the lock and the marks by sensor when that is not enough',
  },
  async () => {
    await using storage = await startTestStorage();
    const { append, clock, pool, rollUps, rollUpsOf } = storage;
    await append({
      '2026-06-15T11:45:10Z': 1,
      '2026-06-15T11:46:00Z': 2,
    });
    const quarters = await lockTable(pool, 'quarters', 'share');
    await using program = await startProgram(MAIN, {
      DATABASE_URL: storage.url,
      PORT: '0',
    });
    await untilWaiting(pool);

    // A second process finds that one is at work.
    expect(await rollUps.runOnce()).toBe(0);
    await program.kill('SIGKILL');
    await terminateWaiting(pool);
    await quarters.unlock();
    await waitUntil(
      'its lock is gone',
      async () => (await rollUps.runOnce()) > 0,
    );
    expect(await rollUpsOf('quarters')).toEqual([
      rolled('2026-06-15T11:45:00Z', [2, 3, 1, 2]),
    ]);

    const other = createRollUps({ pool, clock, limit: 3 });
    for (let n = 0; n < 30; n++) {
      const second = String(n).padStart(2, '0');
      await Promise.all([
        append({ [`2026-06-15T11:47:${second}Z`]: n }),
        rollUps.runOnce(),
        other.runOnce(),
      ]);
    }
    await other.runAll();
    expect(await rollUpsOf('quarters')).toEqual([
      rolled('2026-06-15T11:45:00Z', [32, 438, 0, 29]),
    ]);

    const addMarks = (count: number) =>
      pool.query(
        `insert into marks
         select 1, '2026-06-15 11:47Z' from generate_series(1, $1)`,
        [count],
      );
    await addMarks(7);
    await other.runAll();
    expect(await pool.query('select from marks')).toMatchObject({
      rowCount: 0,
    });
    await addMarks(10_001);
    expect(await rollUps.runOnce()).toBe(10_000);
    expect(await rollUps.runOnce()).toBe(1);
  },
);

it('breaks a run off when the process is stopped, and keeps its marks', async () => {
  await using storage = await startTestStorage();
  const { append, clock, log, pool, rollUps, rollUpsOf } = storage;
  const { partitions } = storage;
  for (let n = 0; n < 5; n++)
    await append({ [`2026-06-15T11:0${n}:00Z`]: n });
  const small = createRollUps({ pool, clock, limit: 1 });
  expect(await small.runOnce()).toBe(1);
  const table = await lockTable(pool, 'quarters', 'share');
  let failures = 0;
  const ended: unknown[] = [];
  async function runAll(signal?: AbortSignal) {
    failures += 1;
    if (failures === 1) throw new Error('no connection');
    await small.runAll(signal).catch((error) => ended.push(error));
  }
  const maintenance = startMaintenance({
    partitions,
    rollUps: { runAll },
    log,
    rollUpSeconds: 0.01,
  });
  await untilWaiting(pool);

  await maintenance.stop();

  expect(ended).toMatchObject([{ name: 'AbortError' }]);
  await table.unlock();
  expect(log.entries.map(({ message }) => message)).toEqual([
    'maintenance failed',
  ]);
  expect(await pool.query('select from marks')).toMatchObject({
    rowCount: 4,
  });
  const old = new Date('2026-01-01T00:00:00Z');
  await partitions.prepare(old, old);
  clock.advance({ days: 1 });
  await using _again = startMaintenance({ partitions, rollUps, log });
  await waitUntil('all is rolled up', async () => {
    const [quarter] = await rollUpsOf('quarters');
    return quarter?.count === 5;
  });
  await waitUntil('partitions are prepared and dropped', async () => {
    const names = await listPartitions(pool, 'sensor_readings');
    return (
      names.at(0) === 'sensor_readings_20260615' &&
      names.at(-1) === 'sensor_readings_20260619'
    );
  });
});

it('rolls up every ten seconds, maintains partitions every hour, and waits for their ends', async () => {
  await using storage = await startTestStorage();
  const { log } = storage;
  const pauses: number[] = [];
  const stopping = Promise.withResolvers<void>();
  const ended: string[] = [];
  const work = (name: string) => async (signal?: AbortSignal) => {
    await new Promise((resolve) => {
      signal?.addEventListener('abort', resolve);
      setTimeout(resolve, 20);
    });
    ended.push(name);
    if (signal?.aborted) throw new Error('cut off');
  };
  const partitions = {
    ...storage.partitions,
    prepareAhead: work('prepare'),
    dropOld: async (signal?: AbortSignal) => {
      await work('drop')(signal);
      return [];
    },
  };
  const maintenance = startMaintenance({
    partitions,
    rollUps: { runAll: work('roll up') },
    log,
    pause: async (ms) => {
      pauses.push(ms);
      await stopping.promise;
    },
  });
  expect(pauses).toEqual([]);
  await waitUntil('all pause', () => pauses.length === 3);
  expect(ended.length).toBe(3);
  expect(pauses.toSorted((a, b) => a - b)).toEqual([
    10_000, 3_600_000, 3_600_000,
  ]);
  let isStopped = false;
  const stopped = maintenance.stop().then(() => {
    isStopped = true;
  });
  await new Promise(setImmediate);
  expect(isStopped).toBe(false);
  stopping.resolve();
  await stopped;
  expect(pauses.length).toBe(3);

  // What is cut off by the stop is not a failure.
  ended.length = 0;
  const cut = startMaintenance({
    partitions,
    rollUps: { runAll: work('roll up') },
    log,
  });
  await cut.stop();
  expect(ended.length).toBe(3);
  expect(log.entries).toEqual([]);
});

it('prepares partitions once, ahead of need, while others read and write', async () => {
  await using storage = await startTestStorage();
  const { append, clock, partitions, pool } = storage;
  clock.advance({ days: 1 });

  // Another process is in the middle of it.
  const other = await pool.connect();
  await other.query(
    `begin;
     select pg_advisory_xact_lock(
       hashtext('time-series-storage'), hashtext('prepare'));
     create table sensor_readings_20260619
       (like sensor_readings including all);
     alter table sensor_readings attach partition sensor_readings_20260619
       for values from ('2026-06-19Z') to ('2026-06-20Z')`,
  );
  const prepared = partitions.prepareAhead();
  await untilWaiting(pool);
  await append({ '2026-06-16T10:00:00Z': 1 });
  expect(await readValues(pool)).toEqual([1]);
  const stopped = AbortSignal.abort(new Error('SIGTERM'));
  await expect(partitions.prepareAhead(stopped)).rejects.toThrow(
    'SIGTERM',
  );
  await other.query('commit');
  other.release();
  await prepared;

  const days = ['15', '16', '17', '18', '19'];
  expect(await listPartitions(pool, 'sensor_readings')).toEqual(
    days.map((day) => `sensor_readings_202606${day}`),
  );
  expect(await listPartitions(pool, 'minutes')).toEqual([
    'minutes_20260601',
  ]);
  expect(await listPartitions(pool, 'quarters')).toEqual([
    'quarters_20260101',
  ]);
});

it('begins and ends partitions in UTC, whatever zone the session is in', async () => {
  await using storage = await startTestStorage();
  await using session = openPool(storage.url, {
    options: '-c TimeZone=America/New_York',
  });
  const { pool } = session;
  const partitions = createTimePartitions({ ...storage, pool });

  await partitions.prepare(
    new Date('2026-10-31T23:00:00Z'),
    new Date('2026-11-02T01:00:00Z'),
  );

  const { rows } = await storage.pool.query<{ bounds: string }>(
    `select pg_get_expr(relpartbound, oid) as bounds from pg_class
     where relname in ('sensor_readings_20261101', 'minutes_20261101')`,
  );
  expect(rows.map(({ bounds }) => bounds).toSorted()).toEqual([
    `FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-11-02 00:00:00+00')`,
    `FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00')`,
  ]);
  storage.clock.advance({ days: 92 });
  expect(await partitions.dropOld()).toEqual([
    'sensor_readings_20260615',
    'sensor_readings_20260616',
  ]);
});

it('keeps a day that is not rolled up yet, minutes for 400 days and quarters for ten years', async () => {
  await using storage = await startTestStorage();
  const { append, clock, partitions, pool, rollUps } = storage;
  const days = ['2026-06-13', '2026-06-14', '2026-06-15'];
  for (const day of days) await append({ [`${day}T10:00:00Z`]: 1 });
  await rollUps.runAll();
  // The first minute of one day, and the last of another.
  await append({ '2026-06-13T00:00:00Z': 3 });
  await append({ '2026-06-14T23:59:59Z': 3 });
  await pool.query(`insert into marks values (1, '2026-06-16Z')`);
  clock.advance({ days: 90, hours: 11 });
  expect(await partitions.dropOld()).toEqual([]);
  clock.advance({ hours: 1 });

  expect(await partitions.dropOld()).toEqual([
    'sensor_readings_20260615',
  ]);
  await pool.query(`delete from marks where minute = '2026-06-16Z'`);

  const left = ['20260613', '20260614'].map((day) => ({
    message: 'partition is not rolled up yet',
    details: { name: `sensor_readings_${day}` },
  }));
  expect(storage.log.entries.slice(-2)).toMatchObject(left);
  await rollUps.runAll();
  expect(await partitions.dropOld()).toEqual([
    'sensor_readings_20260613',
    'sensor_readings_20260614',
  ]);
  const sums = await storage.rollUpsOf('quarters');
  expect(sums.map(({ sum }) => sum)).toEqual([3, 1, 1, 3, 1]);
  expect(await listPartitions(pool, 'sensor_readings')).not.toContain(
    'sensor_readings_20260614',
  );
  // Minutes stay for 400 days, quarters for ten years.
  for (const [end, days, name] of [
    ['2026-07-01T00:00:00Z', 400, 'minutes_20260601'],
    ['2027-01-01T00:00:00Z', 3660, 'quarters_20260101'],
  ] as const) {
    const left = Date.parse(end) + days * DAY - clock().getTime();
    clock.advance({ seconds: left / 1000 - 1 });
    expect(await partitions.dropOld()).not.toContain(name);
    clock.advance({ seconds: 1 });
    expect(await partitions.dropOld()).toEqual([name]);
  }
});

failure(
  'A report reads for an hour while retention runs',
  {
    symptom:
      'Readers and writers wait for a second at most; retention gives up, goes on with the other levels, and a later run drops the day',
    defence: 'drop-old',
    remains:
      'Until that report ends, each hour has one such second, and roll-ups get slower, because vacuum cannot remove deleted marks',
  },
  async () => {
    await using storage = await startTestStorage();
    const { append, clock, log, partitions, pool } = storage;
    await append({ '2026-06-15T10:00:00Z': 1 });
    await storage.rollUps.runAll();
    clock.advance({ days: 500 });
    const report = await pool.connect();
    await report.query('begin; select count(*) from sensor_readings');
    const dropping = partitions.dropOld();
    await untilWaiting(pool);

    const { rows } = await pool.query(
      `select count(*)::int as n from sensor_readings`,
    );
    expect(rows).toEqual([{ n: 1 }]);
    expect(await dropping).toEqual(['minutes_20260601']);
    expect(log.entries).toMatchObject([
      {
        message: 'old partitions stay',
        details: {
          table: 'sensor_readings',
          error: { code: '55P03' }, // lock_not_available
        },
      },
    ]);

    await report.query('commit');
    report.release();
    const both = [partitions.dropOld(), partitions.dropOld()];
    // One waits for the other's lock, and may find the day gone or see it go.
    const dropped = (await Promise.all(both)).flat();
    expect([...new Set(dropped)].sort()).toEqual(
      ['15', '16', '17', '18'].map(
        (day) => `sensor_readings_202606${day}`,
      ),
    );
    expect(await listPartitions(pool, 'sensor_readings')).toEqual([]);
  },
);

it('stops retention at the signal', async () => {
  await using storage = await startTestStorage();
  const { clock, log, partitions, pool } = storage;
  clock.advance({ days: 91 });
  const stopping = new AbortController();
  const report = await pool.connect();
  await report.query('begin; select from sensor_readings');
  const dropping = partitions.dropOld(stopping.signal);
  const stopped = expect(dropping).rejects.toMatchObject({
    name: 'AbortError',
  });
  await untilWaiting(pool);

  stopping.abort();

  await stopped;
  expect(log.entries).toEqual([]);
  report.release(true);
});

it('writes a minute once, when it is over, also while a report prevents vacuum', async () => {
  await using storage = await startTestStorage();
  const { clock, pool, readings, rollUps, rollUpsOf } = storage;
  const names = Array.from({ length: 30 }, (_, n) => `s${n}`);
  for (const name of names) await storage.sensors.register(name);
  const report = await pool.connect();
  await report.query(
    'begin isolation level repeatable read; select from marks',
  );

  for (let second = 0; second < 60; second++) {
    const at = clock();
    await readings.append(
      names.map((sensor) => ({ sensor, at, value: second })),
    );
    expect(await rollUps.runOnce()).toBe(0);
    clock.advance({ seconds: 1 });
  }
  expect(await rollUps.runOnce()).toBe(30 * 60);

  const minute = rolled('2026-06-15T12:00:00Z', [60, 1770, 0, 59]);
  expect(await rollUpsOf('minutes')).toEqual(names.map(() => minute));
  const { rows } = await pool.query(
    `select pg_relation_size('minutes_20260601')::int as size`,
  );
  expect(rows).toEqual([{ size: 8192 }]); // one page
  await report.query('commit');
  report.release();
});

failure(
  'A table that is not a partition has the name of one',
  {
    symptom:
      'The table is kept: retention drops only partitions of its own tables, and none that are being detached',
    defence: 'drop-old',
    remains:
      'When you detach a day or a month that late readings may still need, `append` or the roll-ups fail: wait `LATE_DAYS`',
  },
  async () => {
    await using storage = await startTestStorage();
    const { clock, partitions, pool } = storage;
    await pool.query(
      `create table sensor_readings_20240101 as
         select 1 as mine;
       alter table sensor_readings
         detach partition sensor_readings_20260615;
       create schema other;
       create table other.sensor_readings (at timestamptz)
         partition by range (at);
       create table other.sensor_readings_20240101
         partition of other.sensor_readings
         for values from ('2024-01-01Z') to ('2024-01-02Z')`,
    );
    // Somebody is detaching another day, and waits for a report.
    const report = await pool.connect();
    await report.query('begin; select from sensor_readings');
    const other = await pool.connect();
    await other.query('set lock_timeout = 100');
    const detach = other.query(
      `alter table sensor_readings
       detach partition sensor_readings_20260616 concurrently`,
    );
    await expect(detach).rejects.toMatchObject({ code: '55P03' });
    await report.query('commit');
    report.release();
    other.release(true);
    clock.advance({ days: 93 });

    expect(await partitions.dropOld()).toEqual([
      'sensor_readings_20260617',
    ]);

    for (const table of [
      'sensor_readings_20240101',
      'sensor_readings_20260615',
      'sensor_readings_20260616',
      'other.sensor_readings_20240101',
    ])
      await pool.query(`select from ${table}`);
    const { rows } = await pool.query(
      `select from time_partitions where level = 'other.sensor_readings'::regclass`,
    );
    expect(rows).toEqual([]);
  },
);

failure(
  'A reading is personal data, and must be deleted',
  {
    symptom:
      '`erase` deletes readings and roll-ups of whole quarters; a row that you delete in SQL does not stop the roll-ups',
    defence: 'erase',
    remains:
      'Backups keep it, and a device that sends the reading again stores it again',
  },
  async () => {
    await using storage = await startTestStorage();
    const { append, pool, readings, rollUps, rollUpsOf } = storage;
    await storage.sensors.register('shed');
    await append({
      '2026-06-15T11:14:59Z': 1,
      '2026-06-15T11:15:00Z': 2,
      '2026-06-15T11:29:59Z': 3,
      '2026-06-15T11:30:00Z': 4,
    });
    const at = new Date('2026-06-15T11:20:00Z');
    await readings.append([{ sensor: 'shed', at, value: 5 }]);
    await pool.query('delete from sensor_readings where value = 2');

    await rollUps.runAll();
    expect(await rollUpsOf('minutes')).toMatchObject([
      { count: 1, sum: 1 },
      { count: 0, sum: null, min: null, max: null },
      { count: 1, sum: 3 },
      { count: 1, sum: 4 },
      { count: 1, sum: 5 },
    ]);
    const { points } = await storage.read({
      from: new Date('2026-06-15T11:15:00Z'),
      to: new Date('2026-06-15T11:30:00Z'),
      maxPoints: 50,
    });
    expect(points[0]).toMatchObject({ count: 0, mean: null });
    expect(points.at(-1)).toMatchObject({ count: 1, mean: 3 });
    expect(points.filter(({ count }) => count === 0).length).toBe(14);

    // A run is in the middle, and has read what is to be erased.
    await append({ '2026-06-15T11:21:00Z': 6 });
    const quarters = await lockTable(pool, 'quarters', 'share');
    const running = rollUps.runOnce();
    await untilWaiting(pool);
    await append({ '2026-06-15T11:22:00Z': 7 });
    await pool.query(
      `insert into marks
       values (1, '2026-06-15 11:14Z'), (1, '2026-06-15 11:15Z'),
              (1, '2026-06-15 11:30Z'), (2, '2026-06-15 11:20Z')`,
    );
    const erasing = rollUps.erase(1, at, at);
    await untilWaiting(pool, 2);
    await quarters.unlock();
    expect(await running).toBe(1);
    await erasing;
    // Whole quarters: those that the span touches.
    const { rows } = await pool.query(
      `select to_char(minute at time zone 'UTC', 'HH24:MI') as minute
       from marks order by 1`,
    );
    expect(rows.map(({ minute }) => minute)).toEqual([
      '11:14',
      '11:20',
      '11:30',
    ]);
    expect(await rollUpsOf('minutes')).toMatchObject([
      { sum: 1 },
      { sum: 4 },
      { sum: 5 },
    ]);
    const end = new Date('2026-06-15T11:30:00Z');
    await rollUps.erase(1, at, end);

    await rollUps.runAll();
    expect(await readValues(pool)).toEqual([1, 5, 4]);
    expect(await rollUpsOf('minutes')).toMatchObject([
      { sum: 1 },
      { sum: 4 },
      { sum: 5 },
    ]);
    expect(await rollUpsOf('quarters')).toMatchObject([
      { sum: 1 },
      { sum: 4 },
      { sum: 5 },
    ]);
  },
);

failure(
  'A chart asks for ten years: 300 million readings',
  {
    symptom:
      'At most `maxPoints` points; Postgres reads only the partitions of that span, of the coarsest table that is fine enough',
    defence: 'choose-step',
    remains:
      'Days over ten years are summed up from 350,000 quarters a sensor: a table of days or a cache makes that faster',
  },
  async () => {
    await using storage = await startTestStorage();
    const { partitions, pool } = storage;
    const now = storage.clock();
    const from = new Date('2016-06-15T12:00:00Z');
    await partitions.prepare(new Date(now.getTime() - 2 * DAY), now);
    await fillQuarters(pool, from, now);
    const decade = { from, to: now, zone: 'UTC' };

    for (const maxPoints of [50, 500, 2000]) {
      const { table, points } = await storage.read({
        ...decade,
        maxPoints,
      });
      expect(table).toBe('quarters');
      expect(points.length).toBeLessThanOrEqual(maxPoints);
      const all = points.reduce((sum, { count }) => sum + count, 0);
      expect(all).toBe(900 * 96 * (10 * 365 + 2));
    }
    const all = { ...decade, sensorId: 1, maxPoints: 500 };
    expect(await explain(pool, all, now)).toEqual(
      await listPartitions(pool, 'quarters'),
    );
    const hour = {
      ...all,
      from: new Date('2026-06-15T10:00:00Z'),
      to: new Date('2026-06-15T11:00:00Z'),
    };
    expect(await explain(pool, hour, now)).toEqual([
      'sensor_readings_20260615',
    ]);
    // The same hour, with a function on the column:
    const everyDay = await listTablesOfPlan(
      pool,
      `select avg(value) from sensor_readings
       where sensor_id = 1 and date_trunc('hour', at) = $1`,
      [hour.from],
    );
    expect(everyDay).toEqual(
      await listPartitions(pool, 'sensor_readings'),
    );
  },
);

it('chooses the finest step that fits the points and the age', async () => {
  await using storage = await startTestStorage();
  const now = storage.clock();
  const choose = (
    seconds: number,
    maxPoints: number,
    age = seconds,
  ) => {
    const from = new Date(now.getTime() - age * 1000);
    const to = new Date(from.getTime() + seconds * 1000);
    const chosen = chooseStep({ from, to, maxPoints }, now);
    return `${chosen.step} of ${chosen.level.table}`;
  };
  const day = 86_400;

  // The longest span of each step, and one that is longer.
  for (const [seconds, step, next] of [
    [49, '1 second of sensor_readings', '10 seconds'],
    [490, '10 seconds of sensor_readings', '1 minute'],
    [49 * 60, '1 minute of minutes', '5 minutes'],
    [49 * 300, '5 minutes of minutes', '15 minutes'],
    [49 * 900, '15 minutes of quarters', '1 hour'],
    [49 * 3600, '1 hour of quarters', '1 day'],
    [49 * 21 * 3600, '1 day of quarters', '1 week'],
    [49 * (7 * day - 10_800), '1 week of quarters', '1 month'],
    [49 * (28 * day - 10_800), '1 month of quarters', '1 year'],
  ] as const) {
    expect(choose(seconds, 50)).toBe(step);
    expect(choose(seconds + 0.001, 50)).toContain(next);
  }
  const years = 49 * (365 * day - 10_800);
  expect(choose(years, 50)).toBe('1 year of quarters');
  expect(() => choose(years + 0.001, 50)).toThrow(RangeError);
  // A table has what is younger than its days.
  expect(choose(1, 50, 90 * day)).toContain('1 second');
  expect(choose(1, 50, 90 * day + 0.001)).toContain('1 minute');
  expect(choose(1, 50, 400 * day)).toContain('1 minute of minutes');
  expect(choose(1, 50, 400 * day + 0.001)).toContain('15 minutes');
  expect(choose(1, 50, 9000 * day)).toContain('15 minutes');

  const from = new Date('2026-06-15T11:00:30Z');
  const to = new Date('2026-06-15T11:49:30Z');
  const { points } = await storage.read({ from, to, maxPoints: 50 });
  expect(points.length).toBe(50);
  expect(points[0]?.at).toEqual(new Date('2026-06-15T11:00:00Z'));
  const hour = await storage.read({
    from: new Date('2026-06-15T11:00:00Z'),
    to: new Date('2026-06-15T12:00:00Z'),
    maxPoints: 70,
  });
  expect(hour.points.length).toBe(60);
});

failure(
  'A batch is sent twice, or by two gateways at once',
  {
    symptom:
      'The answer counts them as `repeated`; each reading is stored and counted once, and batches cannot deadlock',
    defence: 'insert',
    remains:
      'Two values of one sensor for the same millisecond: the first one stays',
  },
  async () => {
    await using storage = await startTestStorage();
    const { pool, readings, rollUps, rollUpsOf } = storage;
    const sensors = ['cellar', 'garden', 'roof'];
    for (const name of sensors) await storage.sensors.register(name);
    const start = Date.parse('2026-06-15T11:45:00Z');
    const batch = sensors.flatMap((sensor) =>
      Array.from({ length: 300 }, (_, n) => ({
        sensor,
        at: new Date(start + n * 1000),
        value: n,
      })),
    );
    const backwards = batch.toReversed();

    // Another gateway has sent the first reading of the roof, and sends the last.
    const other = await pool.connect();
    const send = (nth: number) =>
      other.query(
        `insert into sensor_readings (sensor_id, at, value)
         select id, $2, 0 from sensors where name = $1`,
        [batch.at(nth)?.sensor, batch.at(nth)?.at],
      );
    await other.query('begin');
    await send(600);
    const waiting = readings.append(backwards);
    await untilWaiting(pool);
    await send(899);
    await other.query('rollback');
    other.release();
    expect(await waiting).toMatchObject({ added: 900, repeated: 0 });
    await pool.query('truncate sensor_readings, marks');

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        readings.append(n % 2 ? batch : backwards),
      ),
    );

    const added = answers.map((answer) => answer.added);
    expect(added.reduce((sum, count) => sum + count)).toBe(900);
    const marks = await pool.query('select from marks');
    expect(marks.rowCount).toBe(15);
    expect(await readings.append([...batch, ...batch])).toEqual({
      added: 0,
      repeated: 1800,
      refused: [],
    });
    await rollUps.runAll();
    const all = rolled('2026-06-15T11:45:00Z', [300, 44_850, 0, 299]);
    expect(await rollUpsOf('quarters')).toEqual([all, all, all]);
  },
);

it('weighs a minute with a thousand readings more than one with a single reading, and refuses NaN', async () => {
  await using storage = await startTestStorage();
  const { append, pool } = storage;
  const busy = Array.from({ length: 1000 }, (_, n) => ({
    sensor: 'roof',
    at: new Date(Date.parse('2026-06-15T10:00:00Z') + n * 50),
    value: 10,
  }));
  await storage.readings.append(busy);
  await append({ '2026-06-15T10:20:00Z': 1011 });
  await storage.rollUps.runAll();

  const { points } = await storage.read({
    from: new Date('2026-06-15T00:00:00Z'),
    to: new Date('2026-06-16T00:00:00Z'),
    maxPoints: 50,
  });

  // The mean of the two means is 510.5.
  expect(points.filter(({ count }) => count > 0)).toEqual([
    {
      at: new Date('2026-06-15T10:00:00Z'),
      count: 1001,
      mean: 11,
      min: 10,
      max: 1011,
    },
  ]);
  for (const value of ['NaN', 'infinity', '-1e15', '1e15'])
    await expect(
      pool.query(
        `insert into sensor_readings (sensor_id, at, value)
           values (1, '2026-06-15 10:02Z', $1)`,
        [value],
      ),
    ).rejects.toMatchObject({
      constraint: 'sensor_readings_value_check',
    });
  await expect(
    pool.query(
      `insert into sensor_readings values (1, '2026-06-15 10:02Z', null)`,
    ),
  ).rejects.toMatchObject({ column: 'value' });
});

failure(
  'A day has 23 or 25 hours, or its midnight is skipped or comes twice',
  {
    symptom:
      'Days, weeks, months and years are those of the zone, as Intl has them, in any time zone of the server',
    defence: 'zone-steps',
    remains:
      'An hour has 60 minutes: where clocks change by 30 minutes, the hours that follow begin at half past',
  },
  async () => {
    await using storage = await startTestStorage();
    const { pool } = storage;
    const start = new Date('2024-01-01T00:00:00Z');
    await fillQuarters(pool, start, new Date('2026-01-01T00:00:00Z'));

    for (const [nth, zone] of ZONES.entries())
      for (const [unit, days, maxPoints] of [
        ['day', 400, 460],
        ['week', 100, 50],
        ['month', 400, 50],
      ] as const) {
        const offset = nth * 5.37 * 3_600_000;
        const from = new Date(start.getTime() + 40 * DAY + offset);
        const to = new Date(from.getTime() + days * DAY);
        const span = { zone, from, to };
        const { step, points } = await storage.read({
          ...span,
          maxPoints,
        });
        expect(step).toBe(`1 ${unit}`);
        const expected = countQuarters(unit, span).map(
          ({ at, quarters }) => ({ at, count: 900 * quarters }),
        );
        expect({
          zone,
          points: points.map(({ at, count }) => ({ at, count })),
        }).toEqual({ zone, points: expected });
      }
  },
);

const ZONES = [
  'UTC', // first: its span begins and ends at midnight
  'Africa/Cairo', // skips a midnight
  'Asia/Beirut',
  'America/Santiago',
  'America/Havana', // skips one, and has one twice
  'Atlantic/Azores',
  'America/Scoresbysund', // changed its offset and its rule in 2024
  'America/Asuncion', // ended the changes in 2024
  'Europe/Berlin',
  'America/St_Johns', // UTC-3:30
  'Asia/Kathmandu', // UTC+5:45
  'Australia/Lord_Howe', // changes by 30 minutes
  'Antarctica/Troll', // changes by two hours
  'Africa/Casablanca', // changes for the Ramadan
  'Pacific/Apia',
  'Pacific/Kiritimati', // UTC+14
];

it('refuses a zone that is a POSIX specification instead of a name', async () => {
  await using storage = await startTestStorage();
  const span = {
    from: new Date('2026-06-15T00:00:00Z'),
    to: new Date('2026-06-15T02:00:00Z'),
    maxPoints: 50,
  };

  for (const zone of [
    '+02:00',
    'EST5',
    'Europe/X+2',
    'Europe/X-2',
    'posix/Europe/Berlin',
    'Europe/Berlin ',
    'A/Berlin',
    'Europe/',
    'UTC2',
    '',
  ])
    await expect(storage.read({ ...span, zone })).rejects.toThrow(
      new RangeError('Name a zone such as Europe/Berlin'),
    );
  await expect(
    storage.read({ ...span, zone: 'Europe/Atlantis' }),
  ).rejects.toThrow('time zone "Europe/Atlantis" not recognized');
  for (const zone of [
    'America/Argentina/Buenos_Aires',
    'America/Port-au-Prince',
    'America/Port_of_Spain',
    'UTC',
  ])
    expect((await storage.read({ ...span, zone })).step).toBe(
      '5 minutes',
    );
  // Hours are those of the zone.
  const { points } = await storage.read({
    from: new Date('2026-06-15T00:00:00Z'),
    to: new Date('2026-06-16T00:00:00Z'),
    zone: 'Asia/Kathmandu',
    maxPoints: 50,
  });
  expect(points.length).toBe(25);
  expect(points[0]?.at).toEqual(new Date('2026-06-14T23:15:00Z'));
  expect(points[1]?.at).toEqual(new Date('2026-06-15T00:15:00Z'));
});

async function explain(pool: Pool, query: HistoryQuery, now: Date) {
  const { text, values } = describeHistory(query, now);
  return listTablesOfPlan(pool, text, values);
}

async function readValues(pool: Pool) {
  const { rows } = await pool.query<{ value: number }>(
    'select value from sensor_readings order by at',
  );
  return rows.map(({ value }) => value);
}

type Figures = [count: number, sum: number, min: number, max: number];

function rolled(at: string, [count, sum, min, max]: Figures) {
  return { at: new Date(at), count, sum, min, max };
}
