import { freshDatabase } from '@touchstone/kit/postgres/database';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it } from 'vitest';
import { startNaiveIngestion } from './naive.ts';
import { connectDevice, write } from './test-device.ts';

it('shows how the naive way fails: it acknowledges before it stores, and counts twice', async () => {
  await using database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const { pool } = database;
  const failed: string[] = [];
  const error = (message: string) => void failed.push(message);
  await using naive = await startNaiveIngestion({
    pool,
    log: { error },
  });
  await using kitchen = await connectDevice(naive.url, 'kitchen', '');
  const topic = 'devices/lamp/readings';

  await kitchen.publish(topic, write({ sequence: 1, at: 0 }));
  await kitchen.publish(topic, write({ sequence: 1, at: 0 }));
  await kitchen.publish(topic, 'lost');

  await waitUntil('all is handled', () => naive.counts.handled === 3);
  const { rows } = await pool.query(
    'select device_id from naive_readings',
  );
  expect(rows).toEqual([{ device_id: 'lamp' }, { device_id: 'lamp' }]);
  expect(failed).toEqual(['reading not stored']);
});
