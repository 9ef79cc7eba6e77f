type Options = {
  log: { error: (message: string, details: object) => void };
  /** Stops accepting, and resolves once requests under way are answered. */
  stop: () => unknown;
  graceSeconds?: number;
};

// #region end-on-crash
/** Ends the process after an error that nothing caught: exit code 1. */
export function endOnCrash(options: Options): void {
  const { log, stop, graceSeconds = 5 } = options;
  // setTimeout takes what is longer, or not a number, as 1 ms.
  if (!(graceSeconds > 0 && graceSeconds <= 300))
    throw new RangeError('graceSeconds is not between 0 and 300');
  let ending = false;

  // Node brings rejections that nothing awaits here too.
  process.on('uncaughtException', async (error, origin) => {
    // A crash of `stop`, and the flood that may follow the first.
    if (ending) return;
    ending = true;
    setTimeout(process.exit, graceSeconds * 1000, 1);
    try {
      log.error('process ends', { origin, error });
    } finally {
      try {
        await stop(); // also when the log throws
      } finally {
        process.exit(1);
      }
    }
  });
}
// #endregion end-on-crash
