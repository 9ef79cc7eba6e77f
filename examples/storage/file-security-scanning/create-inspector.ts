import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Upload, Verdict } from './inspect-upload.ts';

/** What one upload may cost, unless you say otherwise. */
const DEFAULTS = {
  /** Of processor time; of waiting, ten times that. */
  seconds: 20,
  /** WebP needs most of it at 50 million pixels. */
  megabytes: 1024,
  maxPixels: 50_000_000,
  /** Of what is published. */
  maxBytes: 25_000_000,
};

export type Limits = typeof DEFAULTS;

/** The process that had the bytes died of them, or made no sense. */
export class DecoderDiedError extends Error {
  override readonly name = 'DecoderDiedError';
}

/** The program, and its arguments so far. */
export const INSPECTOR = [
  process.execPath,
  fileURLToPath(new URL('inspector-child.ts', import.meta.url)),
];

const REASONS = /^(wrong_type|too_many_pixels|too_large|unreadable)$/;
const TYPES = /^(image\/(jpeg|png|webp)|application\/pdf)$/;

/** Makes a function that inspects each upload in a process of its own; the command may start it through a sandbox. */
export function createInspector(
  options: Partial<Limits> = {},
  command = INSPECTOR,
) {
  const limits = { ...DEFAULTS, ...options };
  // For sharp, 0 pixels are no limit, and NaN is 268 million.
  for (const [name, value] of Object.entries(limits))
    if (!(value > 0)) throw new RangeError(`${name} must be above 0`);

  function start(declaredType: string, signal: AbortSignal) {
    const order = JSON.stringify({ declaredType, ...limits });
    const [program = '', ...args] = [...command, order];
    const child = spawn(program, args, {
      // No password, no key; and pixels are never put in a file.
      env: { PATH: process.env.PATH, VIPS_DISC_THRESHOLD: '4g' },
      signal,
      timeout: limits.seconds * 10_000,
      killSignal: 'SIGKILL', // C code hears nothing less
    });
    child.stdin.on('error', () => {}); // the exit code says why
    return child;
  }

  // #region inspect-in-child
  return async function inspect(
    { bytes, declaredType }: Upload,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const child = start(declaredType, signal);
    const { stdin, stdout, stderr } = child;
    const answer: Buffer[] = [];
    const most = limits.maxBytes + 100;
    let isReady = false;
    let size = 0;
    let errors = '';
    stderr.on('data', (text) => {
      if (!isReady) errors += text;
    });
    stdout.on('data', (chunk) => {
      size += chunk.length;
      if (size > most) stdout.destroy();
      if (isReady) answer.push(chunk);
      // It is limited. A wrapper that prints anything else is not.
      else if (`${chunk}`.endsWith('ready\n')) {
        isReady = true;
        stdin.end(bytes);
      }
    });
    const [code, ended] = await once(child, 'close');
    // Ended by us, or before it had a byte: the file is not to blame.
    if (child.killed || !isReady)
      throw new Error(`No verdict: ${errors || 'it was stopped'}`);
    if (code === 0 && size <= most)
      return readVerdict(Buffer.concat(answer));
    throw new DecoderDiedError(`The decoder died: ${ended ?? code}`);
  };
  // #endregion inspect-in-child
}

/** A word, and the bytes to publish; a child that was taken over may answer anything. */
function readVerdict(answer: Buffer): Verdict {
  const end = answer.indexOf('\n');
  const word = answer.subarray(0, end).toString();
  if (REASONS.test(word)) return { refused: word };
  if (TYPES.test(word))
    return { type: word, bytes: answer.subarray(end + 1) };
  throw new DecoderDiedError('It is not a verdict');
}
