import { findFreePort } from '@touchstone/kit/programs/free-port';
import { createClient } from '@touchstone/kit/testing/client';
import { waitUntil } from '@touchstone/kit/time/wait';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openDatabase, placeOrder } from './test-service.ts';

/** What a program adds to the listeners of this process. */
function watchListeners(
  name: 'SIGTERM' | 'SIGINT' | 'uncaughtException',
) {
  const before = process.listeners(name);
  const listAdded = () =>
    process.listeners(name).filter((one) => !before.includes(one));
  onTestFinished(() => {
    for (const added of listAdded()) process.off(name, added);
  });
  return listAdded;
}

it('serves, answers what is wrong, and ends: here, in the process of the test', async () => {
  await using database = await openDatabase();
  const port = await findFreePort();
  vi.stubEnv('DATABASE_URL', database.url);
  vi.stubEnv('PORT', `${port}`);
  vi.stubEnv('NOTICE', '0ms');
  const exit = vi.fn<typeof process.exit>();
  vi.spyOn(process, 'exit').mockImplementation(exit);
  const listTerms = watchListeners('SIGTERM');
  watchListeners('SIGINT');
  watchListeners('uncaughtException');
  onTestFinished(() => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

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

  for (const end of listTerms()) end('SIGTERM');
  await waitUntil('it has ended', () => exit.mock.calls.length > 0);
  expect(exit).toHaveBeenCalledWith(0);
});
