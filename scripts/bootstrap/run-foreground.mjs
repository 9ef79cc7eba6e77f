// @ts-check
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Ctrl-C under `npm run` arrives twice at once: from the terminal and passed on by npm. */
const SAME_KEYPRESS_MS = 300;

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env]
 * @property {boolean} [shell]
 * @property {boolean} [killsItsOwn] it ends what it started on a second Ctrl-C, and so is not killed
 * @property {(pid: number) => void} [onStart]
 * @property {(text: string) => void} [onOutput] takes what it prints, instead of this terminal
 */

/**
 * Runs a program on this terminal and resolves to its exit code. It has a process group of its
 * own, so that each signal reaches it once, through here; a second Ctrl-C kills the group.
 * @param {string} program
 * @param {string[]} words
 * @param {RunOptions} [options]
 * @returns {Promise<number>}
 */
export function runForeground(program, words, options = {}) {
  const { cwd = process.cwd(), env = process.env, shell = false } = options;
  const { killsItsOwn = false, onStart, onOutput } = options;
  return new Promise((resolve, reject) => {
    /** @type {import('node:child_process').StdioOptions} */
    const stdio = onOutput ? ['ignore', 'pipe', 'pipe'] : 'inherit';
    const detached = process.platform !== 'win32';
    const child = spawn(program, words, { cwd, env, shell, stdio, detached });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => onOutput?.(text));
    }
    const forward = forwardTo(child, killsItsOwn);
    for (const signal of SIGNALS) process.on(signal, forward);
    child.once('spawn', () => onStart?.(child.pid ?? 0));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      for (const name of SIGNALS) process.off(name, forward);
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']);
    });
  });
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {boolean} killsItsOwn
 */
function forwardTo(child, killsItsOwn) {
  let first = 0;
  /** @param {NodeJS.Signals} signal */
  return function forward(signal) {
    const now = performance.now();
    if (first && now - first < SAME_KEYPRESS_MS) return;
    if (first && !killsItsOwn) killGroup(child);
    else child.kill(signal);
    first = now;
  };
}

/** @param {import('node:child_process').ChildProcess} child */
function killGroup(child) {
  if (process.platform === 'win32' || !child.pid) child.kill('SIGKILL');
  else process.kill(-child.pid, 'SIGKILL');
}
