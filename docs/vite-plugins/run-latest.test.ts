import { expect, it, vi } from 'vitest';
import { runLatest } from './run-latest.ts';

it('runs once for a burst of events and once more for an event during the run', async () => {
  const runs: PromiseWithResolvers<void>[] = [];
  const schedule = runLatest(() => {
    runs.push(Promise.withResolvers<void>());
    return runs.at(-1)?.promise ?? Promise.resolve();
  });

  for (const _ of [1, 2, 3]) schedule('auth/sessions');
  await vi.waitUntil(() => runs.length === 1);
  for (const _ of [1, 2, 3]) schedule('auth/sessions');
  runs[0]?.resolve();
  await vi.waitUntil(() => runs.length === 2);
  runs[1]?.resolve();

  schedule('auth/sessions');
  await vi.waitUntil(() => runs.length > 2);
  expect(runs.length).toBe(3);
});
