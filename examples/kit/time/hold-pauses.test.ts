import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { holdPauses } from './hold-pauses.ts';

it('lets a pause last until the test ends it', async () => {
  using held = holdPauses();

  const over = pause(10, 'over', { ref: false });
  const other = await pause(30, 'other');

  expect(other).toBe('other');
  expect(held.pauses).toMatchObject([{ milliseconds: 10, options: { ref: false } }]);
  expect(await Promise.race([over, 'waits'])).toBe('waits');
  held.pauses[0]?.end();
  expect(await over).toBe('over');
});

it('lets its signal end a pause', async () => {
  using _held = holdPauses();
  const stop = new AbortController();
  const over = pause(10, undefined, { signal: stop.signal });

  stop.abort();

  await expect(over).rejects.toThrow('aborted');
});

it('holds no pause that begins after it', async () => {
  {
    using _held = holdPauses();
  }

  expect(await pause(1, 'over', { ref: false })).toBe('over');
});
