/** Tells whether this process was asked to stop; what runs meanwhile gets the signal too and ends. */
export function watchForStop(): () => boolean {
  let stopped = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stopped = true;
    });
  }
  return () => stopped;
}
