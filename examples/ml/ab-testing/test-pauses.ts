import { syncBuiltinESMExports } from 'node:module';
import { vi } from 'vitest';

type Pause = { milliseconds: number | undefined; end: () => void };

/** An hour: no test lasts so long. */
const NEVER = 3_600_000;

/** Lists the pauses of the pattern, which give options; each lasts until the test, or its signal, ends it. */
export function holdPauses() {
  const timers = process.getBuiltinModule('node:timers/promises');
  const real = timers.setTimeout;
  const pauses: Pause[] = [];
  const spy = vi
    .spyOn(timers, 'setTimeout')
    .mockImplementation(async (milliseconds, value, options) => {
      if (!options) return await real(milliseconds, value);
      const { promise, resolve } = Promise.withResolvers<void>();
      pauses.push({ milliseconds, end: resolve });
      await Promise.race([promise, real(NEVER, null, options)]);
      return value;
    });
  syncBuiltinESMExports(); // what is imported already changes too

  function dispose() {
    spy.mockRestore();
    syncBuiltinESMExports();
  }
  return { pauses, [Symbol.dispose]: dispose };
}
