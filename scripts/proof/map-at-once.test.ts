import { setImmediate as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { mapAtOnce } from './map-at-once.ts';

it('does at most so many at a time, and as many where there are enough', async () => {
  let running = 0;
  let most = 0;
  await mapAtOnce([5, 1, 4, 2, 3], 2, async (turns) => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = 0; turn < turns; turn += 1) await pause();
    running -= 1;
  });
  expect(most).toBe(2);
});

it('gives the results in the order of the items, whichever ends first', async () => {
  const results = await mapAtOnce([3, 1, 2], 3, async (turns) => {
    for (let turn = 0; turn < turns; turn += 1) await pause();
    return turns * 10;
  });
  expect(results).toEqual([30, 10, 20]);
});

it('fails as the work does', async () => {
  const work = mapAtOnce([1, 2], 2, () => Promise.reject(new Error('no demo')));
  await expect(work).rejects.toThrow('no demo');
});
