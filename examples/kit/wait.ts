import { setTimeout as pause } from 'node:timers/promises';

/** Asks again until the answer is true; throws after ten seconds, saying what it waited for. */
export async function waitUntil(
  what: string,
  ask: () => Promise<boolean> | boolean,
): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await ask())) {
    if (Date.now() > deadline) throw new Error(`waited ten seconds in vain until ${what}`);
    await pause(5);
  }
}
