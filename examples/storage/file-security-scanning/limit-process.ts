import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

// #region limit-process
/** Takes from a process what decoding does not need; on Linux. */
export function limitProcess(
  pid: number,
  limits: { seconds: number; megabytes: number },
) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  // So many more than now: V8 has reserved what it never uses.
  const kilobytes = Number(/VmData:\s+(\d+)/.exec(status)?.[1]);
  const data = (kilobytes + limits.megabytes * 1024) * 1024;
  execFileSync('prlimit', [
    `--pid=${pid}`,
    `--data=${data}`,
    `--cpu=${Math.ceil(limits.seconds)}`,
    '--fsize=0', // it writes to no file, and dumps no core
    '--nofile=0', // it opens neither file nor socket
  ]);
}
// #endregion limit-process
