import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { acceptsConnections } from '../programs/accepts-connections.ts';
import { requireProgram } from '../programs/find-program.ts';
import { findFreePort } from '../programs/free-port.ts';
import { type GuardedProgram, startGuardedProgram } from '../programs/guarded-program.ts';
import { giveTo, type Identity, unprivilegedIdentity } from '../programs/identity.ts';
import { noteProgram } from '../testing/evidence.ts';

/** A Redis of our own on a free port of 127.0.0.1, which keeps everything in memory. */
export type Redis = AsyncDisposable & {
  port: number;
  url: string;
  /** Sends the signal: SIGSTOP freezes it, SIGCONT wakes it up. */
  signal: (name: NodeJS.Signals) => Promise<void>;
  /** Ends it as a crash does. */
  kill: () => Promise<void>;
  /** Starts it again on the same port, with nothing in it. */
  start: () => Promise<void>;
};

/** Starts Redis; the arguments are those of its command line. */
export async function startRedis(args: string[] = []): Promise<Redis> {
  const program = await requireProgram({
    names: ['redis-server', 'valkey-server'],
    variable: 'REDIS_SERVER_PATH',
    debianPackage: 'redis-server',
  });
  noteProgram('Redis', program, ['--version']);
  const identity = unprivilegedIdentity();
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-redis-'));
  giveTo(folder, identity);
  const port = await findFreePort();
  const place = { program, args, folder, port, identity };
  let running = await launch(place);

  async function kill() {
    await running.signal('SIGKILL');
    await running.ended;
  }

  async function start() {
    running = await launch(place);
  }

  async function stop() {
    await running.stop();
    // After a crash, the guard has left it.
    rmSync(folder, { recursive: true, force: true });
  }

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    signal: (name) => running.signal(name),
    kill,
    start,
    [Symbol.asyncDispose]: stop,
  };
}

type Place = {
  program: string;
  args: string[];
  folder: string;
  port: number;
  identity: Identity;
};

async function launch({ program, args, folder, port, identity }: Place): Promise<GuardedProgram> {
  const logFile = join(folder, 'redis.log');
  const redis = startGuardedProgram({
    program,
    args: ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...args],
    identity,
    cwd: folder,
    stopSignal: 'SIGTERM',
    logFile,
    removeAfterwards: folder,
  });
  while (!(await acceptsConnections(port))) {
    if (redis.guard.exitCode !== null) {
      const words = readFileSync(logFile, 'utf8');
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`Redis ended before it was ready. Its last words:\n${words}`);
    }
    await pause(10);
  }
  return redis;
}
