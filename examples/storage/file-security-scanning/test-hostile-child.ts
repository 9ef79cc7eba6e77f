import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { limitProcess } from './limit-process.ts';

// In the place of the inspector: what a decoder may do that an
// upload took over, and a program that does not even start.
const [act = '', order = ''] = process.argv.slice(2);
if (act === 'end early') {
  process.stderr.write('it begins\n');
  await setTimeout(100);
  throw new Error('a library is missing');
}
// On a busy machine, one thread gets too little in its time.
if (act === 'spin') await Promise.all(Array.from({ length: 7 }, spin));
if (act !== 'be limited') limitProcess(process.pid, JSON.parse(order));
process.stdout.write('ready\n');
if (act === 'end unread') process.exit(7);
await buffer(process.stdin);

const PDF = 'application/pdf\n';
const acts: Record<string, () => unknown> = {
  die: () => process.kill(process.pid, 'SIGSEGV'),
  hang: () => {
    process.stderr.write('a warning about the file');
    process.on('SIGTERM', () => {});
    setInterval(() => {}, 1000);
  },
  spin: () => {
    for (;;);
  },
  'end well': () => 'unreadable\n',
  'repeat its order': () => PDF + order,
  'answer nonsense': () => 'ready\n',
  'answer no reason': () => 'because\n',
  'answer a page': () => 'text/html\n<script>',
  'answer all it may': () => fill(100),
  'answer too much': () => fill(101),
  'answer without end': () => fill(9_000_000),
  'break out': async () => {
    const file = `/proc/${process.ppid}/environ`;
    const found = [
      attempt(() => readFileSync(file)),
      await dial().catch(nameCode),
      ...Object.keys(process.env).filter(isOurs).sort(),
      process.env.VIPS_DISC_THRESHOLD,
    ].join();
    return PDF + found;
  },
};
/** Node itself hands this one down, whatever `env` says, while coverage is measured. */
function isOurs(name: string): boolean {
  return name !== 'NODE_V8_COVERAGE';
}

const answer = act.startsWith('say ')
  ? `${act.slice('say '.length)}\n`
  : await acts[act]?.();
if (typeof answer === 'string') process.stdout.write(answer);

async function spin() {
  await once(new Worker('for (;;);', { eval: true }), 'online');
}

/** The limit, and some bytes for the words around it. */
function fill(more: number): string {
  const size = JSON.parse(order).maxBytes + more;
  return PDF + 'x'.repeat(size - PDF.length - 'ready\n'.length);
}

function attempt(act: () => unknown): string {
  try {
    return `${act()}`;
  } catch (error) {
    return nameCode(error);
  }
}

function dial(): Promise<string> {
  return new Promise((resolve) => {
    connect(1, '127.0.0.1').on('error', (error) => {
      resolve(nameCode(error));
    });
  });
}

function nameCode(error: unknown): string {
  return error instanceof Error && 'code' in error
    ? `${error.code}`
    : 'none';
}
