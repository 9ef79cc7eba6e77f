/** Runs the work; asked while it runs, it runs once more after that. The work must not throw. */
export function repeatWhileAsked(work: () => Promise<void>) {
  let isAsked = false;
  let isRunning = false;

  return async function run(): Promise<void> {
    isAsked = true;
    if (isRunning) return;
    isRunning = true;
    while (isAsked) {
      isAsked = false;
      await work();
    }
    isRunning = false;
  };
}
