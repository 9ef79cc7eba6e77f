import { findFreePort } from '@touchstone/kit/programs/free-port';
import { createClient } from '@touchstone/kit/testing/client';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it, onTestFinished, vi } from 'vitest';
import { applyMigrations } from './apply-migrations.ts';
import { borrowProcess } from './test-process.ts';
import {
  describeShop,
  openDatabase,
  placeOrder,
} from './test-service.ts';

it('serves, answers what is wrong, and ends: here, in the process of the test', async () => {
  await using database = await openDatabase();
  const port = await findFreePort();
  vi.stubEnv('DATABASE_URL', database.url);
  vi.stubEnv('PORT', `${port}`);
  vi.stubEnv('NOTICE', '0ms');
  onTestFinished(() => void vi.unstubAllEnvs());
  const program = borrowProcess();

  await import('./serve.ts');

  const send = createClient(`http://127.0.0.1:${port}`);
  const path = await placeOrder(send);
  await waitUntil('it is confirmed', async () =>
    Boolean((await send('GET', path)).body.confirmedAt),
  );
  expect((await send('GET', '/orders/999')).status).toBe(404);
  expect((await send('POST', '/orders', { body: {} })).status).toBe(
    400,
  );

  program.terminate();
  expect(await program.untilExit()).toBe(0);
});

it('applies its migrations once, and refuses a folder of other files', async () => {
  await using database = await openDatabase();
  const shop = describeShop(database);

  expect(await applyMigrations(shop)).toEqual([
    '0002-background-jobs',
    '0003-orders',
  ]);
  expect(await applyMigrations(shop)).toEqual([]);
  await expect(
    applyMigrations({
      ...shop,
      migrations: new URL('.', import.meta.url),
    }),
  ).rejects.toThrow('is not named');
  expect(shop.log.entries).toHaveLength(2);
});
