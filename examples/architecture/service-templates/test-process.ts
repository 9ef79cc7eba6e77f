import { Socket } from 'node:net';
import type { Database } from '@touchstone/kit/postgres/database';
import { waitUntil } from '@touchstone/kit/time/wait';
import { onTestFinished, vi } from 'vitest';
import { type ServiceOptions, startService } from './start-service.ts';
import { describeShop } from './test-service.ts';

/** A service in the process of the test, where its signals are played. */
export async function startHere(
  database: Database,
  options: Partial<ServiceOptions>,
) {
  const program = borrowProcess();
  const shop = describeShop(database);
  const port = await startService({
    ...shop,
    host: '127.0.0.1',
    port: 0,
    noticeMs: 0,
    limitMs: 20_000,
    create: () => ({
      app: (_request, response) => void response.end('done'),
      handlers: {},
    }),
    ...options,
  });
  const url = `http://127.0.0.1:${port}`;
  return { ...program, log: shop.log, port, url };
}

/** Lets a service run in the process of a test: its signals are played, and its exit is seen. */
export function borrowProcess() {
  // Not a spy: a timer may keep it, and call it after the test.
  const { exit: exitNode } = process;
  const exit = vi.fn<typeof process.exit>();
  process.exit = exit;
  const terms = watch(() => process.listeners('SIGTERM'));
  const interrupts = watch(() => process.listeners('SIGINT'));
  const crashes = watch(() => process.listeners('uncaughtException'));
  onTestFinished(() => {
    process.exit = exitNode;
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

/** Lets the limits of sockets run 10,000 times as fast: of a day, 8.6 seconds are left. */
export function speedUpSockets() {
  const { setTimeout } = Socket.prototype;
  const spy = vi.spyOn(Socket.prototype, 'setTimeout');
  spy.mockImplementation(function (this: Socket, ms, onSilence) {
    return setTimeout.call(this, ms / 10_000, onSilence);
  });
  onTestFinished(() => spy.mockRestore());
}

/** The listeners that came since. */
function watch<Listener>(list: () => Listener[]) {
  const before = list();
  return () => list().filter((one) => !before.includes(one));
}
