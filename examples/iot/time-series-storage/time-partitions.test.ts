import { openPool } from '@touchstone/kit/postgres/database';
import { untilWaiting } from '@touchstone/kit/postgres/locks';
import { waitUntil } from '@touchstone/kit/time/wait';
import { describe, expect, it } from 'vitest';
import { listPartitions, startTestStorage } from './test-storage.ts';
import { createTimePartitions } from './time-partitions.ts';

describe('partitions', () => {
  it('are made once, ahead of need, by any number of processes', async () => {
    await using storage = await startTestStorage();
    const { clock, partitions, pool } = storage;
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
    await other.query('commit');
    other.release();
    await prepared;

    expect(await listPartitions(pool, 'sensor_readings')).toEqual([
      'sensor_readings_20260615',
      'sensor_readings_20260616',
      'sensor_readings_20260617',
      'sensor_readings_20260618',
      'sensor_readings_20260619',
    ]);
    expect(await listPartitions(pool, 'minutes')).toEqual([
      'minutes_20260601',
    ]);
    expect(await listPartitions(pool, 'quarters')).toEqual([
      'quarters_20260101',
    ]);
  });

  it('begin and end in UTC, whatever zone the session is in', async () => {
    await using storage = await startTestStorage();
    const { pool } = openPool(storage.url, {
      options: '-c TimeZone=America/New_York',
    });
    const partitions = createTimePartitions({ ...storage, pool });

    await partitions.prepare(
      new Date('2026-10-31T23:00:00Z'),
      new Date('2026-11-02T01:00:00Z'),
    );
    storage.clock.advance({ days: 92 });
    const dropped = await partitions.dropOld();
    await pool.end();

    const { rows } = await storage.pool.query<{ bounds: string }>(
      `select pg_get_expr(relpartbound, oid) as bounds from pg_class
       where relname in ('sensor_readings_20261101', 'minutes_20261101')`,
    );
    expect(rows.map(({ bounds }) => bounds).toSorted()).toEqual([
      `FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-11-02 00:00:00+00')`,
      `FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00')`,
    ]);
    expect(dropped).toEqual([
      'sensor_readings_20260615',
      'sensor_readings_20260616',
    ]);
  });

  it('of other levels are dropped while one level is in use', async () => {
    await using storage = await startTestStorage();
    const { clock, log, pool } = storage;
    clock.advance({ days: 500 });
    const report = await pool.connect();
    await report.query('begin; select from sensor_readings');
    const options = { pool, clock, log, lockSeconds: 0.2 };

    const dropped = await createTimePartitions(options).dropOld();

    expect(dropped).toEqual(['minutes_20260601']);
    expect(log.entries).toMatchObject([
      {
        message: 'old partitions stay',
        details: { table: 'sensor_readings' },
      },
    ]);
    report.release(true);
  });

  it('that somebody else is detaching are left alone', async () => {
    await using storage = await startTestStorage();
    const { clock, partitions, pool } = storage;
    const report = await pool.connect();
    await report.query('begin; select from sensor_readings');
    const other = await pool.connect();
    await other.query('set lock_timeout = 100');
    await expect(
      other.query(
        `alter table sensor_readings
         detach partition sensor_readings_20260615 concurrently`,
      ),
    ).rejects.toMatchObject({ code: '55P03' });
    report.release(true);
    other.release(true);
    clock.advance({ days: 91 });

    expect(await partitions.dropOld()).toEqual([]);

    await pool.query('select from sensor_readings_20260615');
  });

  it('are not dropped after the signal', async () => {
    await using storage = await startTestStorage();
    const { clock, partitions, pool } = storage;
    clock.advance({ days: 91 });
    const stopping = new AbortController();
    const report = await pool.connect();
    await report.query('begin; select from sensor_readings');
    const dropping = partitions.dropOld(stopping.signal);
    const broken = expect(dropping).rejects.toThrow(
      'Connection terminated',
    );
    await untilWaiting(pool);

    stopping.abort();

    await broken;
    const late = partitions.dropOld(stopping.signal);
    await expect(late).rejects.toMatchObject({ name: 'AbortError' });
    report.release(true);
  });

  it('are dropped by one process at a time', async () => {
    await using storage = await startTestStorage();
    const { clock, partitions, pool } = storage;
    clock.advance({ days: 91 });
    const other = await pool.connect();
    await other.query(
      `select pg_advisory_lock(
         hashtext('time-series-storage'), hashtext('retention'))`,
    );

    expect(await partitions.dropOld()).toEqual([]);

    other.release(true);
    await waitUntil('the lock is gone', async () => {
      const dropped = await partitions.dropOld();
      return dropped.join() === 'sensor_readings_20260615';
    });
  });

  it('cannot be detached concurrently beside a default partition', async () => {
    await using storage = await startTestStorage();
    storage.clock.advance({ days: 91 });
    await storage.pool.query(
      'create table sensor_readings_rest partition of sensor_readings default',
    );

    expect(await storage.partitions.dropOld()).toEqual([]);

    expect(storage.log.entries).toMatchObject([
      {
        message: 'old partitions stay',
        details: {
          error: {
            message:
              'cannot detach partitions concurrently when a default partition exists',
          },
        },
      },
    ]);
  });
});
