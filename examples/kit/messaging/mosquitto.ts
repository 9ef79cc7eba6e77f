import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { acceptsConnections } from '../programs/accepts-connections.ts';
import { fillIn } from '../programs/fill-in.ts';
import { requireProgram } from '../programs/find-program.ts';
import { findFreePort } from '../programs/free-port.ts';
import { type GuardedProgram, startGuardedProgram } from '../programs/guarded-program.ts';
import { giveTo, type Identity, unprivilegedIdentity } from '../programs/identity.ts';
import { noteEvidence, noteProgram } from '../testing/evidence.ts';

/** A Mosquitto of our own on a free port of 127.0.0.1. */
export type Mosquitto = AsyncDisposable & {
  port: number;
  url: string;
  /** Writes files into its folder, and lets it read passwords and rights again. */
  rewrite: (files: Files) => Promise<void>;
  /** Ends it and starts it again, on the same port and with what it kept. */
  restart: () => Promise<void>;
};

type Files = Record<string, string>;

type MosquittoOptions = {
  /** Its configuration; `${PORT}` and `${FOLDER}` are filled in. */
  configuration: URL;
  /** What else in the file is written as `${NAME}`, by its name. */
  values?: Record<string, string>;
  /** What else is in its folder, by name: passwords, rights. */
  files?: Files;
};

/** Starts Mosquitto with the configuration of an example; throws with its words when it refuses the file. */
export async function startMosquitto(options: MosquittoOptions): Promise<Mosquitto> {
  const { configuration, values = {}, files = {} } = options;
  const program = await requireProgram({
    names: ['mosquitto'],
    variable: 'MOSQUITTO_PATH',
    debianPackage: 'mosquitto',
  });
  noteProgram('Mosquitto', program, ['-h']);
  const identity = unprivilegedIdentity();
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-mosquitto-'));
  giveTo(folder, identity);
  const port = await findFreePort();
  const text = fillIn(readFileSync(configuration, 'utf8'), {
    ...values,
    PORT: `${port}`,
    FOLDER: folder,
  });
  writePrivately({ ...files, 'mosquitto.conf': text });

  const start = () => launch({ program, folder, port, identity });
  let running = await start();
  noteEvidence('loaded', configuration);

  function writePrivately(texts: Files) {
    for (const [name, content] of Object.entries(texts)) {
      writeFileSync(join(folder, name), content, { mode: 0o600 });
      giveTo(join(folder, name), identity);
    }
  }

  async function rewrite(texts: Files) {
    writePrivately(texts);
    await running.signal('SIGHUP');
  }

  async function restart() {
    await running.signal('SIGTERM'); // not stop(): that removes the folder
    await running.ended;
    running = await start();
  }

  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    rewrite,
    restart,
    [Symbol.asyncDispose]: () => running.stop(),
  };
}

type Place = { program: string; folder: string; port: number; identity: Identity };

async function launch({ program, folder, port, identity }: Place): Promise<GuardedProgram> {
  const mosquitto = startGuardedProgram({
    program,
    args: ['-c', join(folder, 'mosquitto.conf')],
    identity,
    cwd: folder,
    stopSignal: 'SIGTERM', // writes down what it holds
    logFile: join(folder, 'mosquitto.log'),
    removeAfterwards: folder,
  });
  while (!(await acceptsConnections(port))) {
    if (mosquitto.guard.exitCode !== null) {
      const words = readLog(folder);
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`Mosquitto ended before it was ready. Its last words:\n${words}`);
    }
    await pause(10);
  }
  return mosquitto;
}

const readLog = (folder: string): string => readFileSync(join(folder, 'mosquitto.log'), 'utf8');
