import { waitUntil } from '@touchstone/kit/time/wait';
import { onTestFinished, vi } from 'vitest';

/** Lets a service run in the process of a test: its signals are played, and its exit is seen. */
export function borrowProcess() {
  const exit = vi.fn<typeof process.exit>();
  const spy = vi.spyOn(process, 'exit').mockImplementation(exit);
  const terms = watch(() => process.listeners('SIGTERM'));
  const interrupts = watch(() => process.listeners('SIGINT'));
  const crashes = watch(() => process.listeners('uncaughtException'));
  onTestFinished(() => {
    spy.mockRestore();
    for (const one of terms()) process.off('SIGTERM', one);
    for (const one of interrupts()) process.off('SIGINT', one);
    for (const one of crashes()) process.off('uncaughtException', one);
  });

  /** Plays SIGTERM. */
  function terminate() {
    for (const one of terms()) one('SIGTERM');
  }

  /** Plays an error that nothing caught. */
  function crash(error: Error) {
    for (const one of crashes()) one(error, 'uncaughtException');
  }

  /** Resolves with how it ends next. */
  async function untilExit() {
    await waitUntil('it exits', () => exit.mock.calls.length > 0);
    const [[code] = []] = exit.mock.calls.splice(0);
    return code;
  }
  return { terminate, crash, untilExit };
}

/** The listeners that came since. */
function watch<Listener>(list: () => Listener[]) {
  const before = list();
  return () => list().filter((one) => !before.includes(one));
}
