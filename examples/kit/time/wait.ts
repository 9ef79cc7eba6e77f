import { setTimeout as pause } from 'node:timers/promises';

/** Asks again until the answer is true; throws after a minute, saying what it waited for. */
export async function waitUntil(
  what: string,
  ask: () => Promise<boolean> | boolean,
): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await ask())) {
    if (Date.now() > deadline) throw new Error(`waited a minute in vain until ${what}`);
    await pause(5);
  }
}
