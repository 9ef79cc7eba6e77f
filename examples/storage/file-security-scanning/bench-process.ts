import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { contenders } from './bench-contenders.ts';

/** What one server did with its photos, and the most memory it took. */
export type BenchResult = {
  imagesPerSecond: number;
  /** Of the server's own process, and of all that ran at once. */
  serverMegabytes: number;
  megabytes: number;
};

// A server of its own for each measurement: memory is never given back.
const [name = '', file = '', images = '0'] = process.argv.slice(2);
const children: ChildProcess[] = [];
subscribe('child_process', (message) => {
  children.push((message as { process: ChildProcess }).process);
});
await using contender = contenders[name]?.();
const upload = {
  bytes: readFileSync(file),
  declaredType: 'image/jpeg',
};
await inspectAll(2); // starts what there is to start

const peaks = { server: 0, all: 0 };
const sampling = setInterval(sample, 20);
const start = performance.now();
await inspectAll(Number(images));
const seconds = (performance.now() - start) / 1000;
clearInterval(sampling);
const result: BenchResult = {
  imagesPerSecond: Number(images) / seconds,
  serverMegabytes: peaks.server,
  megabytes: peaks.all,
};
process.send?.(result);

/** Two at once, as there are two cores. */
async function inspectAll(count: number) {
  let left = count;
  async function work() {
    while (left-- > 0) await contender?.inspect(upload);
  }
  await Promise.all([work(), work()]);
}

function sample() {
  const server = readMemory(process.pid);
  const others = children
    .filter(
      ({ exitCode, signalCode }) => exitCode === null && !signalCode,
    )
    .map(({ pid }) => readMemory(pid));
  const all = others.reduce((sum, one) => sum + one, server);
  peaks.server = Math.max(peaks.server, server);
  peaks.all = Math.max(peaks.all, all);
}

/** The memory of a process in megabytes; none when it has just ended. */
function readMemory(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
