import { expect, it } from 'vitest';
import { ask, hasten, startTestApp } from './test-app.ts';

it('works in batches, each a commit, and rests as long as it worked', async () => {
  const waits: number[] = [];
  await using app = await startTestApp({
    users: 1000,
    pause: async (milliseconds) => {
      waits.push(milliseconds);
      await hasten();
    },
  });
  await app.migrator.moveTo('0001-expand-names');
  const began = performance.now();

  await app.migrator.moveTo('0002-split-names');

  const commits = await ask<number>(
    app.pool,
    `select count(distinct xmin::text)::int from users`,
  );
  expect(commits).toBeGreaterThan(1);
  expect(waits.length).toBe(commits + 1); // the last batch was empty
  const rested = waits.reduce((sum, wait) => sum + wait, 0);
  expect(rested).toBeGreaterThan(0);
  expect(rested).toBeLessThan(performance.now() - began);
});

it('takes fewer rows at a time when a batch takes too long', async () => {
  await using app = await startTestApp({ users: 120, batchMs: 0.001 });
  await app.migrator.moveTo('0001-expand-names');

  await app.migrator.moveTo('0002-split-names');

  const { rows } = await app.pool.query<{ size: number }>(
    `select count(*)::int as size
     from users
     group by xmin::text
     order by min(id)`,
  );
  expect(rows.map(({ size }) => size)).toEqual([
    100,
    ...Array.from({ length: 20 }, () => 1),
  ]);
});

it('leaves nothing behind once it is done', async () => {
  await using app = await startTestApp();

  await app.migrator.moveTo('0002-split-names');

  expect(await ask(app.pool, 'select count(*) from backfills')).toBe(
    '0',
  );
});
