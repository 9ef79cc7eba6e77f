import { syncBuiltinESMExports } from 'node:module';

type Pause = {
  milliseconds: number | undefined;
  options: object;
  end: () => void;
};

/** An hour: no test lasts so long. */
const NEVER = 3_600_000;

/** Holds the pauses of the code under test that give options; each lasts until the test, or its signal, ends it. */
export function holdPauses() {
  const timers = process.getBuiltinModule('node:timers/promises');
  const real = timers.setTimeout;
  const pauses: Pause[] = [];

  const hold: typeof real = async (milliseconds, value, options) => {
    if (!options) return await real(milliseconds, value);
    const { promise, resolve } = Promise.withResolvers<void>();
    pauses.push({ milliseconds, options, end: resolve });
    await Promise.race([promise, real(NEVER, null, options)]);
    return value as NonNullable<typeof value>;
  };

  replace(hold);
  return { pauses, [Symbol.dispose]: () => replace(real) };
}

/** Changes the function in the modules that have imported it, too. */
function replace(setTimeout: typeof import('node:timers/promises').setTimeout) {
  Object.assign(process.getBuiltinModule('node:timers/promises'), { setTimeout });
  syncBuiltinESMExports();
}
