import { startProgram } from '@touchstone/kit/programs/program';
import { failure } from '@touchstone/kit/testing/failure';
import { waitUntil } from '@touchstone/kit/time/wait';
import type { Pool } from 'pg';
import { expect } from 'vitest';
import { describeHistory } from './history.ts';
import { createRollUps } from './roll-ups.ts';
import {
  cancelBlocked,
  endBlocked,
  fillQuarters,
  isBlocked,
  listPartitions,
  listTablesOfPlan,
  lockTable,
  startTestStorage,
} from './test-storage.ts';
import { createTimePartitions } from './time-partitions.ts';

const MAIN = new URL('main.ts', import.meta.url);

failure(
  'The partition of the day is missing at midnight',
  {
    symptom:
      'Nothing is lost: the first batch makes the partition, and the log has `partition was missing`',
    defence: 'append',
    remains:
      'Who writes past `append`, as with COPY, gets an error: prepare days ahead, and watch the log',
  },
  async () => {
    await using storage = await startTestStorage();
    const { append, clock, pool, warnings } = storage;
    // Whoever prepares partitions is dead for four days.
    clock.advance({ days: 3, hours: 12 });
    const before = await listPartitions(pool, 'sensor_readings');
    await append({ '2026-06-18T23:59:59.999Z': 1 });
    expect(warnings).toEqual([]);

    const answers = await Promise.all([
      append({ '2026-06-18T23:59:59Z': 2, '2026-06-19T00:00:00Z': 3 }),
      append({ '2026-06-19T00:00:00.001Z': 4 }),
      append({ '2026-06-19T00:00:01Z': 5 }),
    ]);

    expect(answers).toEqual([
      { added: 2, repeated: 0 },
      { added: 1, repeated: 0 },
      { added: 1, repeated: 0 },
    ]);
    expect(await listPartitions(pool, 'sensor_readings')).toEqual([
      ...before,
      'sensor_readings_20260619',
    ]);
    expect(warnings[0]?.message).toBe('partition was missing');
    const { rows } = await pool.query(
      'select value from sensor_readings order by at',
    );
    expect(rows.map(({ value }) => value)).toEqual([2, 1, 3, 4, 5]);
  },
);

failure(
  'A gateway was offline for three days, and sends what it has kept',
  {
    symptom:
      'Minutes and quarters of those days change with the next run; the latest value stays what it was',
    defence: 'roll-up-minutes',
    remains:
      'What comes more than `lateDays` late is refused with 422 `reading_too_old`',
  },
  async () => {
    await using storage = await startTestStorage();
    const { append, rollUps, rollUpsOf, sensors } = storage;
    await append({ '2026-06-12T08:00:10Z': 10 });
    await append({ '2026-06-15T11:59:00Z': 7 });
    await rollUps.runAll();

    await append({
      '2026-06-12T08:00:40Z': 20,
      '2026-06-12T08:14:00Z': 60,
    });
    await rollUps.runAll();
    await rollUps.runAll();

    const [minute, later] = await rollUpsOf('minutes');
    expect(minute).toMatchObject({
      count: 2,
      sum: 30,
      min: 10,
      max: 20,
    });
    expect(later).toMatchObject({ count: 1, sum: 60 });
    const [quarter] = await rollUpsOf('quarters');
    expect(quarter).toMatchObject({
      count: 3,
      sum: 90,
      min: 10,
      max: 60,
    });
    expect((await sensors.find('roof'))?.latest?.value).toBe(7);
  },
);

failure(
  'A sensor’s clock says 1970, or 2099',
  {
    symptom:
      '422 `reading_too_old` or `reading_in_future` with the place in the batch; no partition is made, nothing is stored',
    defence: 'append',
    remains:
      'A clock that is wrong by less is believed: `aheadSeconds` and `lateDays` are the limits',
  },
  async () => {
    await using storage = await startTestStorage();
    const { append, pool } = storage;
    const before = await listPartitions(pool, 'sensor_readings');
    const good = { '2026-06-15T11:59:00Z': 1 };

    for (const [at, code] of [
      ['1970-01-01T00:00:00Z', 'reading_too_old'],
      ['2026-05-16T11:59:59Z', 'reading_too_old'],
      ['2026-06-15T12:05:01Z', 'reading_in_future'],
      ['2099-01-01T00:00:00Z', 'reading_in_future'],
    ] as const)
      await expect(append({ ...good, [at]: 2 })).rejects.toMatchObject({
        status: 422,
        code,
        message: `Reading 1 is of ${new Date(at).toISOString()}`,
      });

    expect(await listPartitions(pool, 'sensor_readings')).toEqual(
      before,
    );
    const accepted = {
      '2026-05-16T12:00:00Z': 1,
      '2026-06-15T12:05:00Z': 2,
    };
    expect(await append(accepted)).toEqual({ added: 2, repeated: 0 });
  },
);

failure(
  'The roll-up is killed in the middle, or runs in two processes at once',
  {
    symptom:
      'Sums are exact: a run that dies leaves its marks, and only one runs at a time',
    defence: 'run-once',
    remains:
      'Roll-ups of one database use one core: shard the lock by sensor when that is not enough',
  },
  async () => {
    await using storage = await startTestStorage();
    const { append, pool, rollUps, rollUpsOf } = storage;
    await append({
      '2026-06-15T11:45:10Z': 1,
      '2026-06-15T11:46:00Z': 2,
    });
    const quarters = await lockTable(pool, 'quarters');
    await using program = await startProgram(MAIN, {
      DATABASE_URL: storage.url,
      PORT: '0',
    });
    await waitUntil('the minutes are written', () => isBlocked(pool));

    // Another process comes, and finds that one is at work.
    expect(await rollUps.runOnce()).toBe(false);
    await program.kill('SIGKILL');
    await endBlocked(pool);
    await quarters.unlock();
    await waitUntil('its lock is gone', () => rollUps.runOnce());
    expect(await rollUpsOf('quarters')).toMatchObject([
      { count: 2, sum: 3, min: 1, max: 2 },
    ]);

    const other = createRollUps({ pool, limit: 3 });
    for (let n = 0; n < 30; n++) {
      const second = String(n).padStart(2, '0');
      await Promise.all([
        append({ [`2026-06-15T11:47:${second}Z`]: n }),
        rollUps.runOnce(),
        other.runOnce(),
      ]);
    }
    await rollUps.runAll();
    expect(await rollUpsOf('quarters')).toMatchObject([
      { count: 32, sum: 3 + 435, min: 0, max: 29 },
    ]);
  },
);

failure(
  'Retention comes to a day that is not rolled up yet',
  {
    symptom:
      'The day stays, and the log has `partition is not rolled up yet`; it goes with the first run after its roll-up',
    defence: 'list-old',
    remains:
      'While roll-ups stand still, the disk fills: watch the age of the oldest mark',
  },
  async () => {
    await using storage = await startTestStorage();
    const { append, clock, partitions, pool, rollUps } = storage;
    await append({
      '2026-06-14T10:00:00Z': 1,
      '2026-06-15T10:00:00Z': 2,
    });
    await rollUps.runAll();
    await append({ '2026-06-14T10:00:01Z': 3 });
    clock.advance({ days: 91 });

    expect(await partitions.dropOld()).toEqual([
      'sensor_readings_20260615',
    ]);

    expect(storage.warnings.at(-1)).toEqual({
      message: 'partition is not rolled up yet',
      details: { name: 'sensor_readings_20260614' },
    });
    await rollUps.runAll();
    expect(await partitions.dropOld()).toEqual([
      'sensor_readings_20260614',
    ]);
    expect(await storage.rollUpsOf('quarters')).toMatchObject([
      { count: 2, sum: 4 },
      { count: 1, sum: 2 },
    ]);
    expect(await listPartitions(pool, 'sensor_readings')).not.toContain(
      'sensor_readings_20260614',
    );
  },
);

failure(
  'A report reads for an hour while retention runs',
  {
    symptom:
      'Writers and readers go on, nobody queues; retention gives up after seconds, and a later run ends what it began',
    defence: 'detach',
    remains:
      'Until that reader ends, the old partition keeps its disk space',
  },
  async () => {
    await using storage = await startTestStorage();
    const { append, clock, log, partitions, pool } = storage;
    await append({ '2026-06-15T10:00:00Z': 1 });
    await storage.rollUps.runAll();
    clock.advance({ days: 92 });
    const report = await pool.connect();
    await report.query('begin; select count(*) from sensor_readings');
    const patient = { pool, clock, log, lockSeconds: 600 };
    const dropping = createTimePartitions(patient).dropOld();
    const cancelled = expect(dropping).rejects.toMatchObject({
      code: '57014', // query_canceled
    });
    await waitUntil('it waits for the report', () => isBlocked(pool));

    await append({ '2026-09-15T11:00:00Z': 2 });
    expect(await readValues(pool)).toEqual([2]);
    expect(await isBlocked(pool)).toBe(true);
    await cancelBlocked(pool);
    await cancelled;
    const hasty = { ...patient, lockSeconds: 0.5 };
    const retention = createTimePartitions(hasty);
    expect(await retention.dropOld()).toEqual([]);
    expect(storage.warnings.at(-1)).toMatchObject({
      message: 'old partitions are still in use',
      details: { error: { code: '55P03' } }, // lock_not_available
    });

    // The next report does not see the day that is on its way out.
    await report.query(
      'commit; begin; select count(*) from sensor_readings',
    );
    expect(await retention.dropOld()).toEqual([
      'sensor_readings_20260615',
    ]);
    await report.query('commit');
    report.release();
    expect(await partitions.dropOld()).toEqual([
      'sensor_readings_20260616',
    ]);
    expect(await readValues(pool)).toEqual([2]);
  },
);

failure(
  'A chart asks for ten years: 300 million readings',
  {
    symptom:
      'At most `maxPoints` points, and only partitions of that span are read, of the coarsest table that is fine enough',
    defence: 'choose-step',
    remains:
      'Days over ten years are summed up from 350,000 quarters a sensor: a cache or a table of days makes that faster',
  },
  async () => {
    await using storage = await startTestStorage();
    const { partitions, pool } = storage;
    const now = storage.clock();
    const from = new Date('2016-06-15T12:00:00Z');
    await partitions.prepare(now, now);
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
    // The same hour, asked with a function on the column:
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

failure(
  'A batch is sent twice, or by two gateways at once',
  {
    symptom:
      '201 with `repeated`; each reading is stored and counted once, and no batch waits for another in a circle',
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
    await waitUntil('it waits for that', () => isBlocked(pool));
    await send(899);
    await other.query('rollback');
    other.release();
    expect(await waiting).toEqual({ added: 900, repeated: 0 });
    await storage.clear();

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        readings.append(n % 2 ? batch : backwards),
      ),
    );

    const added = answers.reduce(
      (sum, answer) => sum + answer.added,
      0,
    );
    expect(added).toBe(900);
    expect(await readings.append([...batch, ...batch])).toEqual({
      added: 0,
      repeated: 1800,
    });
    await rollUps.runAll();
    const rolled = { count: 300, sum: 44_850, min: 0, max: 299 };
    expect(await rollUpsOf('quarters')).toMatchObject([
      rolled,
      rolled,
      rolled,
    ]);
  },
);

failure(
  'Minutes with a thousand readings and minutes with one make one mean',
  {
    symptom:
      'The mean is that of the readings; NaN and infinity are refused by the table, `null` and text with 400',
    defence: 'readings',
    remains:
      'It counts readings, not time: a sensor that speaks more often when it is warm looks warmer',
  },
  async () => {
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
    expect(points.filter(({ count }) => count > 0)).toMatchObject([
      { count: 1001, mean: 11, min: 10, max: 1011 },
    ]);
    for (const value of [Number.NaN, Infinity, -Infinity, 1e15])
      await expect(
        append({ '2026-06-15T10:02:00Z': value }),
      ).rejects.toMatchObject({
        constraint: 'sensor_readings_value_check',
      });
    expect(await pool.query('select from marks')).toMatchObject({
      rowCount: 0,
    });
  },
);

failure(
  'A day has 23 or 25 hours, or begins at half past six in UTC',
  {
    symptom:
      'Days, weeks and months are those of the zone that was asked for, whatever zone server and session have',
    defence: 'history-sql',
    remains: 'Hours and shorter steps begin at whole hours of UTC',
  },
  async () => {
    await using storage = await startTestStorage(
      '2026-10-27T12:00:00Z',
    );
    const { pool } = storage;
    // The roof has said 1 each minute since March.
    const spring = new Date('2026-03-20T00:00:00Z');
    await storage.partitions.prepare(spring, spring);
    await fillQuarters(pool, spring, storage.clock());

    for (const [zone, day, hours, begins] of [
      ['Europe/Berlin', '2026-03-28', 24, '2026-03-27T23:00:00Z'],
      ['Europe/Berlin', '2026-03-29', 23, '2026-03-28T23:00:00Z'],
      ['Europe/Berlin', '2026-03-30', 24, '2026-03-29T22:00:00Z'],
      ['Europe/Berlin', '2026-10-25', 25, '2026-10-24T22:00:00Z'],
      ['Asia/Kolkata', '2026-10-25', 24, '2026-10-24T18:30:00Z'],
      [
        'Australia/Lord_Howe',
        '2026-04-05',
        24.5,
        '2026-04-04T13:00:00Z',
      ],
    ] as const) {
      const { step, points } = await storage.read({
        from: new Date('2026-03-21T00:00:00Z'),
        to: new Date('2026-10-27T00:00:00Z'),
        zone,
      });
      expect(step).toBe('1 day');
      const found = points.find(
        ({ at }) => at.getTime() === Date.parse(begins),
      );
      expect([zone, day, found?.count]).toEqual([
        zone,
        day,
        hours * 3600,
      ]);
    }
  },
);

async function explain(
  pool: Pool,
  query: Parameters<typeof describeHistory>[0],
  now: Date,
) {
  const { text, values } = describeHistory(query, now);
  return listTablesOfPlan(pool, text, values);
}

async function readValues(pool: Pool) {
  const { rows } = await pool.query<{ value: number }>(
    'select value from sensor_readings order by at',
  );
  return rows.map(({ value }) => value);
}
