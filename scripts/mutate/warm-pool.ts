import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { PoolOptions, PoolRunnerInitializer, PoolWorker, WorkerRequest } from 'vitest/node';
import type { ResourceMessage } from './warm-worker.ts';

const ENTRY = fileURLToPath(new URL('warm-worker.ts', import.meta.url));

/** A pool for Vitest whose one process outlives the runs. */
export type WarmPool = {
  pool: PoolRunnerInitializer;
  /** How many timers, sockets and the like keep the process busy. */
  countResources: () => Promise<number>;
  /** Ends the process at once, whatever it does, and the programs that it started. */
  kill: () => void;
};

/**
 * Vitest starts a worker for each run, and a process takes 300 ms to load what tests import. Here
 * only the first run starts one; for the others Vitest's own messages are answered in its place.
 */
export function createWarmPool(): WarmPool {
  let child: ChildProcess | undefined;
  let current = new EventEmitter();

  function launch({ env, execArgv }: PoolOptions): ChildProcess {
    const launched = fork(ENTRY, [], {
      env: { ...process.env, ...env },
      execArgv,
      detached: true, // a group of its own, with what the tests start
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    });
    launched.on('message', (message) => {
      current.emit(isResourceMessage(message) ? 'resources' : 'message', message);
    });
    launched.on('error', (error) => current.emit('error', error));
    launched.on('exit', (code, signal) => current.emit('exit', code, signal));
    return launched;
  }

  function createPoolWorker(options: PoolOptions): PoolWorker {
    const events = new EventEmitter();
    let isNew = false;

    async function start() {
      isNew = child === undefined;
      child ??= launch(options);
      current = events;
    }

    /** A new process answers "start" itself, and none is told to stop. */
    function send(message: WorkerRequest) {
      if (message.type === 'stop') answer('stopped');
      else if (message.type === 'start' && !isNew) answer('started');
      else if (child?.connected) child.send(message, ignoreBroken);
    }

    function answer(type: 'started' | 'stopped') {
      queueMicrotask(() => events.emit('message', { type, __vitest_worker_response__: true }));
    }

    return {
      name: 'warm',
      on: (event, listener) => events.on(event, listener),
      off: (event, listener) => events.off(event, listener),
      deserialize: (data) => data,
      start,
      stop: async () => {},
      send,
    };
  }

  async function countResources(): Promise<number> {
    if (!child?.connected) return GONE.touchstoneResources;
    const settled = new AbortController(); // what did not come is not waited for any longer
    const { signal } = settled;
    const answered = once(current, 'resources', { signal }) as Promise<[ResourceMessage]>;
    const ended = once(child, 'exit', { signal }).then((): [ResourceMessage] => [GONE]);
    child.send({ touchstoneResources: 0 } satisfies ResourceMessage, ignoreBroken);
    const [message] = await Promise.race([answered, ended]);
    settled.abort();
    await Promise.allSettled([answered, ended]);
    return message.touchstoneResources;
  }

  return {
    pool: { name: 'warm', createPoolWorker },
    countResources,
    kill: () => killGroup(child),
  };
}

/** The process, and the programs that a changed pattern did not end. */
function killGroup(child: ChildProcess | undefined): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ESRCH';

/** A process that has ended must be renewed, as one that is busy. */
const GONE: ResourceMessage = { touchstoneResources: Number.POSITIVE_INFINITY };

/** A process that was killed while it was written to tells so by its end. */
function ignoreBroken(): void {}

function isResourceMessage(message: unknown): message is ResourceMessage {
  return typeof message === 'object' && message !== null && 'touchstoneResources' in message;
}
