import { describeError } from './describe-error.ts';

type Options = {
  log: { error: (message: string, details: object) => void };
  /** Stops accepting, and resolves once requests under way are answered. */
  stop: () => unknown;
  graceSeconds?: number;
  /** `process`, unless a test has another. */
  program?: Program;
};

type Program = {
  on: (
    event: string,
    listener: (error: unknown, origin: string) => void,
  ) => unknown;
  exit: (code: number) => unknown;
};

// #region end-on-crash
/** Ends the process after an error that nothing caught: exit code 1. */
export function endOnCrash(options: Options): void {
  const { log, stop, graceSeconds = 5, program = process } = options;
  // setTimeout takes what is longer, or not a number, as 1 ms.
  if (!(graceSeconds > 0 && graceSeconds <= 300))
    throw new RangeError('graceSeconds is not between 0 and 300');
  let ending = false;

  async function end(error: unknown, origin: string) {
    // A crash of `stop`, and the flood that may follow the first.
    if (ending) return;
    ending = true;
    setTimeout(() => program.exit(1), graceSeconds * 1000);
    const details = { origin, error: describeError(error) };
    const steps = [
      async () => log.error('process ends', details),
      async () => stop(), // also when the log throws
    ];
    await Promise.allSettled(steps.map((step) => step()));
    program.exit(1);
  }

  program.on('uncaughtException', end);
  program.on('unhandledRejection', (reason) =>
    end(reason, 'unhandledRejection'),
  );
}
// #endregion end-on-crash
