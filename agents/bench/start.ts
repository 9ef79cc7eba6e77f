import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ROOT } from '../../scripts/files/root.ts';
import { buildPackage } from '../generate/build-package.ts';

/** `node agents/bench/start.ts`: how long commands take, beside a Node that does nothing. */
const ROUNDS = 25;

await buildPackage(ROOT);
const cli = join(ROOT, 'agents/dist/cli.js');
const commands: Record<string, string[]> = {
  'node -e 0': ['-e', '0'],
  'touchstone --version': [cli, '--version'],
  'touchstone list': [cli, 'list'],
  'touchstone show background-jobs': [cli, 'show', 'background-jobs'],
  'touchstone search webhook twice': [cli, 'search', 'webhook', 'twice'],
};

// In turns, so that a busy moment of the machine falls on all of them.
const times = Object.entries(commands).map(([name, words]) => ({ name, words, all: [0] }));
for (let round = 0; round < ROUNDS; round++)
  for (const one of times) one.all[round] = measure(one.words);

const medians = times.map(({ name, all }) => ({ name, ms: findMedian(all) }));
const base = medians[0]?.ms ?? 1;
console.table(medians.map(({ name, ms }) => ({ name, ms, ratio: Number((ms / base).toFixed(2)) })));

function measure(words: string[]): number {
  const start = performance.now();
  spawnSync(process.execPath, words, { stdio: 'ignore' });
  return performance.now() - start;
}

function findMedian(all: number[]): number {
  const sorted = [...all].sort((a, b) => a - b);
  return Number((sorted[sorted.length >> 1] ?? 0).toFixed(1));
}
