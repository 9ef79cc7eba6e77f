import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { acceptsConnections } from '../programs/accepts-connections.ts';
import { fillIn } from '../programs/fill-in.ts';
import { requireProgram } from '../programs/find-program.ts';
import { findFreePort } from '../programs/free-port.ts';
import { startGuardedProgram } from '../programs/guarded-program.ts';
import { giveTo, unprivilegedIdentity } from '../programs/identity.ts';
import { noteEvidence, noteProgram } from '../testing/evidence.ts';

/** An HAProxy of our own on a free port of 127.0.0.1. */
export type HAProxy = AsyncDisposable & { url: string };

type HAProxyOptions = {
  /** The configuration of an example; a frontend binds `127.0.0.1:${PORT}`. */
  configuration: URL;
  /** What else in the file is written as `${NAME}`, by its name. */
  values?: Record<string, string>;
};

/** Starts HAProxy with the configuration of an example; throws with its words when it refuses the file. */
export async function startHAProxy({
  configuration,
  values = {},
}: HAProxyOptions): Promise<HAProxy> {
  const program = await requireProgram({
    names: ['haproxy'],
    variable: 'HAPROXY_PATH',
    debianPackage: 'haproxy',
  });
  noteProgram('HAProxy', program, ['-v']);
  const port = await findFreePort();
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-haproxy-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, fillIn(readFileSync(configuration, 'utf8'), { ...values, PORT: `${port}` }));
  const identity = unprivilegedIdentity();
  giveTo(folder, identity);
  const options = { ...identity, cwd: folder }; // it wants to come back to where it was started
  await promisify(execFile)(program, ['-c', '-f', file], options).catch((error: Error) => {
    rmSync(folder, { recursive: true, force: true });
    throw error; // its message has HAProxy's own words
  });
  noteEvidence('loaded', configuration);
  const { guard, stop } = startGuardedProgram({
    program,
    args: ['-db', '-f', file],
    identity,
    cwd: folder,
    stopSignal: 'SIGTERM',
    logFile: join(folder, 'haproxy.log'),
    removeAfterwards: folder,
  });
  while (!(await acceptsConnections(port))) {
    if (guard.exitCode !== null) throw new Error(`HAProxy ended with exit code ${guard.exitCode}`);
    await pause(10);
  }
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
}
