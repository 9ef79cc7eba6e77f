import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const LOOP = join(import.meta.dirname, 'busy-loop.mjs');

/** Processes that compete for every core until they are disposed of or this process is gone. */
export type BusyCores = AsyncDisposable & { pids: number[] };

/** Starts so many busy loops for each core, at the priority of this process. */
export function keepCoresBusy(loopsPerCore: number): BusyCores {
  const loops = Array.from({ length: loopsPerCore * availableParallelism() }, startLoop);
  async function end() {
    await Promise.all(loops.map(endLoop));
  }
  return { pids: loops.map(({ pid = 0 }) => pid), [Symbol.asyncDispose]: end };
}

function startLoop(): ChildProcess {
  // Detached: Linux may give each session, not each process, an equal share of a core. Loops of one
  // session would then take no more from the tests than a single loop does.
  return spawn(process.execPath, [LOOP], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

async function endLoop(loop: ChildProcess): Promise<void> {
  if (loop.exitCode !== null || loop.signalCode !== null) return;
  const ended = once(loop, 'exit');
  loop.kill('SIGKILL');
  await ended;
}
