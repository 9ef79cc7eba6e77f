import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { inspectUpload, type Upload } from './inspect-upload.ts';
import type { Limits } from './sandbox.ts';

// The program in the sandbox: it answers each upload with a verdict.
const limits: Limits = JSON.parse(process.argv[2] ?? '');

sharp.cache(false); // there is no next image
sharp.concurrency(1); // as many cores as there are children
if (process.platform === 'linux') limitMemory(limits.megabytes);

process.on('disconnect', () => process.exit());
process.on('message', async (upload: Upload) => {
  process.send?.(await inspectUpload(upload, limits.maxPixels));
});

/** So many more than now: V8 has reserved what it never uses. */
function limitMemory(megabytes: number) {
  const status = readFileSync('/proc/self/status', 'utf8');
  const kilobytes = Number(/VmData:\s+(\d+)/.exec(status)?.[1]);
  const data = (kilobytes + megabytes * 1024) * 1024;
  execFileSync('prlimit', [
    `--pid=${process.pid}`,
    `--data=${data}`,
    '--core=0',
    '--fsize=0', // it writes no files
  ]);
}
