import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { keepCoresBusy } from './keep-cores-busy.ts';

const MODULE = new URL('keep-cores-busy.ts', import.meta.url);

it('starts that many loops for each core, and ends them when it is disposed of', async () => {
  const busy = keepCoresBusy(2);
  const { pids } = busy;
  const running = pids.filter(isAlive);

  await busy[Symbol.asyncDispose]();

  expect(running).toHaveLength(2 * availableParallelism());
  expect(pids.filter(isAlive)).toEqual([]);
});

it('ends its loops when the process that started them is killed with -9', async () => {
  const program = `
    const { keepCoresBusy } = await import('${MODULE}');
    console.log(keepCoresBusy(1).pids.join(' '));`;
  const starter = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(starter.stdout.setEncoding('utf8'), 'data');
  const pids = `${line}`.trim().split(' ').map(Number);
  expect(pids.filter(isAlive)).toEqual(pids);

  starter.kill('SIGKILL');

  // Each looks after its slice of work; one that never does keeps this waiting until the time limit.
  while (pids.some(isAlive)) await pause(20);
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
