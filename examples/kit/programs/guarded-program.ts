import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Identity } from './identity.ts';

type GuardedProgramOptions = {
  program: string;
  args: string[];
  /** The signal that makes this program stop cleanly. */
  stopSignal: NodeJS.Signals;
  identity?: Identity;
  cwd?: string;
  environment?: Record<string, string>;
  /** Where all it prints goes; without one, to `guard.stdout` and `guard.stderr`. */
  logFile?: string;
  /** A folder to remove once it has ended. */
  removeAfterwards?: string;
};

/** A program that ends with this process, even when this process is killed with -9. */
export type GuardedProgram = {
  guard: ChildProcess;
  /** Resolves with the exit code once the program has ended. */
  ended: Promise<number | null>;
  /** Resolves once the signal is sent. */
  signal: (name: NodeJS.Signals) => Promise<void>;
  stop: () => Promise<void>;
};

const GUARD = join(import.meta.dirname, 'guard.mjs');

/** Starts a program under a guard that ends it when this process is gone. */
export function startGuardedProgram(options: GuardedProgramOptions): GuardedProgram {
  const { logFile } = options;
  const guard = logFile ? spawnIntoFile(options, logFile) : spawnGuard(options, 'pipe');
  const ended = once(guard, 'close').then(() => guard.exitCode);

  /** A guard that ends at this moment hears nothing any more; without a callback, Node would throw that. */
  function tell(order: string) {
    if (guard.connected) guard.send(order, () => {});
  }

  async function signal(name: NodeJS.Signals) {
    const sent = once(guard, 'message');
    tell(name);
    await Promise.race([sent, ended]);
  }

  async function stop() {
    guard.ref();
    // Not disconnect(): after one of ours, Node never tells that the guard has ended.
    tell('stop');
    await ended;
  }

  return { guard, ended, signal, stop };
}

/** Such a program serves in the background: it does not keep this process alive. */
function spawnIntoFile(options: GuardedProgramOptions, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a');
  const guard = spawnGuard(options, log);
  closeSync(log);
  guard.unref();
  guard.channel?.unref();
  return guard;
}

function spawnGuard(options: GuardedProgramOptions, output: 'pipe' | number): ChildProcess {
  const { program, args, stopSignal, removeAfterwards, identity, cwd, environment } = options;
  const order = { program, args, options: { ...identity, cwd }, stopSignal, removeAfterwards };
  // Detached: Ctrl-C in a terminal reaches this process only, which then stops things in order.
  return spawn(process.execPath, [GUARD, JSON.stringify(order)], {
    detached: true,
    env: { ...process.env, ...environment }, // not in the order: `ps` shows argv to every user
    stdio: ['ignore', output, output, 'ipc'],
  });
}
