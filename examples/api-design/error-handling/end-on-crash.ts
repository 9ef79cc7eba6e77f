import { describeError } from './describe-error.ts';

type Options = {
  log: { error: (message: string, details: object) => void };
  /** Stops accepting, and resolves once requests under way are answered. */
  stop: () => unknown;
  graceSeconds?: number;
};

// #region end-on-crash
/** Ends the process after an error that nothing caught: exit code 1. */
export function endOnCrash({ log, stop, graceSeconds = 5 }: Options) {
  // setTimeout takes what is longer, or not a number, as 1 ms.
  if (!(graceSeconds > 0 && graceSeconds <= 300))
    throw new RangeError('graceSeconds is not between 0 and 300');
  let ending = false;

  async function end(error: unknown, origin: string) {
    // A crash of what stops, and the flood that may follow the first.
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(1), graceSeconds * 1000);
    const details = { origin, error: describeError(error) };
    // Each on its own: a log that throws must not keep it from stopping.
    const steps = [
      async () => log.error('process ends', details),
      async () => stop(),
    ];
    await Promise.allSettled(steps.map((step) => step()));
    process.exit(1);
  }

  process.on('uncaughtException', end);
  process.on('unhandledRejection', (reason) =>
    end(reason, 'unhandledRejection'),
  );
}
// #endregion end-on-crash
