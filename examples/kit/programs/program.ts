import { fileURLToPath } from 'node:url';
import { startGuardedProgram } from './guarded-program.ts';

/** A program of an example, started as a reader starts it: in a process of its own. */
export type RunningProgram = AsyncDisposable & {
  /** Where it said that it listens. */
  url: string;
  /** What it has printed so far. */
  read: () => Omit<FinishedProgram, 'code'>;
  /** Resolves once the signal is sent. */
  signal: (name: NodeJS.Signals) => Promise<void>;
  /** Sends the signal and resolves with the exit code once the program has ended. */
  kill: (name: NodeJS.Signals) => Promise<number | null>;
};

/** What a program left: its exit code, what it printed, and what it printed as errors. */
export type FinishedProgram = { code: number | null; output: string; errors: string };

type Environment = Record<string, string>;

const LISTENING = /listening on (http:\/\/\S+)/;

/** Starts a program and resolves once it says "listening on <url>"; throws with its output if it ends. */
export async function startProgram(
  file: URL,
  environment: Environment = {},
): Promise<RunningProgram> {
  const { ended, read, signal, stop, whenItSays } = launch(file, environment);
  const failed = ended.then(() => {
    throw new Error(`${fileURLToPath(file)} ended at once:\n${read().errors}`);
  });
  const url = await Promise.race([whenItSays(LISTENING), failed]);
  failed.catch(() => {}); // from here on its end is what the caller asks for

  async function kill(name: NodeJS.Signals) {
    await signal(name);
    return await ended;
  }
  return { url, read, signal, kill, [Symbol.asyncDispose]: stop };
}

/** Runs a program to its end. */
export async function runProgram(
  file: URL,
  environment: Environment = {},
): Promise<FinishedProgram> {
  const { ended, read } = launch(file, environment);
  return { code: await ended, ...read() };
}

function launch(file: URL, environment: Environment) {
  const program = startGuardedProgram({
    program: process.execPath,
    // execArgv carries a loader such as tsx over to the program.
    args: [...process.execArgv, fileURLToPath(file)],
    environment,
    stopSignal: 'SIGTERM',
  });
  const { stdout, stderr } = program.guard;
  const printed = { output: '', errors: '' };
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed.output += text;
  });
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed.errors += text;
  });

  function whenItSays(pattern: RegExp): Promise<string> {
    return new Promise((resolve) => {
      stdout?.on('data', () => {
        const found = pattern.exec(printed.output)?.[1];
        if (found) resolve(found);
      });
    });
  }

  return { ...program, read: () => ({ ...printed }), whenItSays };
}
