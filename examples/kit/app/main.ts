/** Runs a program's main function; it may await `stopped`, which SIGINT or SIGTERM resolves. */
export async function runMain(main: (stopped: Promise<unknown>) => Promise<void>): Promise<void> {
  try {
    await main(stopSignal());
  } catch (error) {
    // The reader can fix a setting: a sentence helps, a stack does not.
    console.error(isAboutSettings(error) ? error.message : error);
    process.exitCode = 1;
  }
}

function isAboutSettings(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'invalid_environment';
}

/** A second signal finds no listener any more and ends the process at once. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
}
