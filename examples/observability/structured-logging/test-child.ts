import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(
  new URL('test-program.ts', import.meta.url),
);

/** Runs the test program; its stdout is read only once `read` is called. */
export function runChild(mode: string, report = '') {
  const child = spawn(
    process.execPath,
    [...process.execArgv, PROGRAM],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
      // What hangs is ended, and its test fails.
      timeout: 30_000,
      killSignal: 'SIGKILL',
      env: { ...process.env, MODE: mode, REPORT: report },
    },
  );
  const ended = once(child, 'exit').then(([code, signal]) => ({
    code,
    signal,
  }));

  async function read(): Promise<string> {
    let text = '';
    for await (const chunk of child.stdout.setEncoding('utf8'))
      text += chunk;
    return text;
  }
  return {
    ended,
    read,
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}
