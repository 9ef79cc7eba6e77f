import { openPool } from '@touchstone/kit/postgres/database';
import { waitUntil } from '@touchstone/kit/time/wait';
import { describe, expect, it } from 'vitest';
import {
  isBlocked,
  listPartitions,
  startTestStorage,
} from './test-storage.ts';
import { createTimePartitions } from './time-partitions.ts';

describe('partitions', () => {
  it('are made once, ahead of need, by however many processes', async () => {
    await using storage = await startTestStorage();
    const { partitions, pool } = storage;

    // Another process is in the middle of it.
    const other = await pool.connect();
    await other.query(
      `begin;
       select pg_advisory_xact_lock(hashtext('time-partitions'));
       create table sensor_readings_20260619
         (like sensor_readings including all);
       alter table sensor_readings attach partition sensor_readings_20260619
         for values from ('2026-06-19Z') to ('2026-06-20Z')`,
    );
    const prepared = partitions.prepareAhead(4);
    await waitUntil('it waits', () => isBlocked(pool));
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

  it('that a run detached before it died are dropped by the next', async () => {
    await using storage = await startTestStorage();
    storage.clock.advance({ days: 91 });
    await storage.pool.query(
      'alter table sensor_readings detach partition sensor_readings_20260615',
    );
    await storage.pool.query(
      'create table sensor_readings_of_mine (id int)',
    );

    expect(await storage.partitions.dropOld()).toEqual([
      'sensor_readings_20260615',
    ]);

    await storage.pool.query('select from sensor_readings_of_mine');
  });

  it('are dropped by one process at a time', async () => {
    await using storage = await startTestStorage();
    const { clock, partitions, pool } = storage;
    clock.advance({ days: 91 });
    const other = await pool.connect();
    await other.query(`select pg_advisory_lock(hashtext('retention'))`);

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

    await expect(storage.partitions.dropOld()).rejects.toThrow(
      'cannot detach partitions concurrently when a default partition exists',
    );
  });
});
