import {
  openDatabase,
  openPool,
} from '@touchstone/kit/postgres/database';
import { startReplica } from '@touchstone/kit/postgres/replica';
import { startPostgres } from '@touchstone/kit/postgres/server';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { createLagBrake, createLatencyBrake } from './brakes.ts';
import { createLatencyWindow } from './latency-window.ts';
import { SCHEMA } from './test-app.ts';

it('sees a replica that follows, one that it may not see, and one that is gone', async () => {
  await using primary = await startPostgres();
  await using database = await openDatabase({
    ...{ url: primary.url, schema: SCHEMA, dataFolder: SCHEMA },
  });
  const { pool } = database;
  const findLag = createLagBrake({ pool, maxLagBytes: 10_000 });
  expect(await findLag()).toBeUndefined(); // there is none
  {
    await using replica = await startReplica(primary);
    expect(replica.url).not.toBe(primary.url);
    await waitUntil('it follows', async () => !(await findLag()));

    await pool.query(`create role guest login password 'guest'`);
    const url = new URL(primary.url);
    Object.assign(url, { username: 'guest', password: 'guest' });
    const { pool: guests } = openPool(url.href);
    const asGuest = createLagBrake({ pool: guests, maxLagBytes: 1e9 });
    expect(await asGuest()).toBe('replica replica: lag unknown');
    await guests.end();
  }

  await pool.query(
    'create table filler as select generate_series(1, 10000)',
  );
  expect(await findLag()).toMatch(
    /^replica replica: \d+ bytes behind$/,
  );
});

it('looks at the 99th percentile of the last requests', async () => {
  let time = 0;
  const { add, readP99Ms } = createLatencyWindow(() => time);
  const findSlowness = createLatencyBrake({ readP99Ms, maxP99Ms: 100 });
  expect(await findSlowness()).toBeUndefined();

  for (let n = 0; n < 495; n++) add(1);
  for (let n = 0; n < 5; n++) add(200);
  expect(await findSlowness()).toBeUndefined();
  add(200); // it takes the place of a fast one
  expect(await findSlowness()).toBe(
    'requests: 99th percentile of 200 ms',
  );
  time += 10_001; // nobody has asked anything since
  expect(await findSlowness()).toBeUndefined();
});
