import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Upload, Verdict } from './inspect-upload.ts';

/** What one upload may cost before its sandbox is ended. */
export type Limits = {
  seconds: number;
  megabytes: number;
  maxPixels: number;
};

/** The sandbox ended, or was ended, before it had a verdict. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
}

const PROGRAM = fileURLToPath(
  new URL('sandbox-child.ts', import.meta.url),
);

/** Looks at each upload in a process of its own. */
export function createSandbox({
  seconds = 20,
  megabytes = 512,
  maxPixels = 50_000_000,
}: Partial<Limits> = {}) {
  // #region run-in-sandbox
  /** What a file does to its process, it does to no other file. */
  async function inspect(upload: Upload): Promise<Verdict> {
    const limits: Limits = { seconds, megabytes, maxPixels };
    const child = fork(PROGRAM, [JSON.stringify(limits)], {
      // No password, no key; and pixels are never put in a file.
      env: { PATH: process.env.PATH, VIPS_DISC_THRESHOLD: '4g' },
      serialization: 'advanced', // bytes stay bytes
    });
    child.on('error', () => {}); // `ask` hears of it too
    try {
      return await ask(child, upload);
    } catch (cause) {
      throw new SandboxError('No verdict', { cause });
    } finally {
      child.kill('SIGKILL'); // C code hears nothing less
    }
  }

  async function ask(child: ChildProcess, upload: Upload) {
    const signal = AbortSignal.timeout(seconds * 1000);
    const answered = once(child, 'message', { signal });
    const ended = once(child, 'exit', { signal });
    child.send(upload);
    const [verdict] = await Promise.race([answered, ended]);
    if (child.exitCode !== null || child.signalCode)
      throw new Error('The sandbox ended');
    return verdict as Verdict;
  }
  // #endregion run-in-sandbox

  return inspect;
}
