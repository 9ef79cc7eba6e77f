import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare, writeBench } from '@touchstone/kit/testing/bench';
import sharp from 'sharp';
import type { BenchResult } from './bench-process.ts';

const PROGRAM = fileURLToPath(
  new URL('bench-process.ts', import.meta.url),
);
const IMAGES = 12;
const runs: Record<string, BenchResult[]> = {};

const folder = mkdtempSync(join(tmpdir(), 'touchstone-bench-'));
const photo = join(folder, 'photo.jpg');
const noise = { type: 'gaussian', mean: 128, sigma: 20 } as const;
await sharp({
  create: {
    width: 4000,
    height: 3000,
    channels: 3,
    background: 'grey',
    noise,
  },
})
  .jpeg()
  .toFile(photo);

const tables = [
  await compareBy('Photos of 12 megapixels', 'photos/s', {
    better: 'higher',
    read: ({ imagesPerSecond }) => imagesPerSecond,
  }),
  await compareBy('Peak memory of all processes', 'MB', {
    better: 'lower',
    read: ({ megabytes }) => megabytes,
  }),
  await compareBy('Peak memory of the server itself', 'MB', {
    better: 'lower',
    read: ({ serverMegabytes }) => serverMegabytes,
  }),
];
rmSync(folder, { recursive: true });
writeBench(new URL('bench.json', import.meta.url), {
  id: 'storage/file-security-scanning',
  software: `sharp ${sharp.versions.sharp}, libvips ${sharp.versions.vips}`,
  tables,
});

type Figure = {
  better: 'higher' | 'lower';
  read: (result: BenchResult) => number;
};

function compareBy(
  title: string,
  unit: string,
  { better, read }: Figure,
) {
  const measure = (name: string) => {
    const results: BenchResult[] = runs[name] ?? [];
    runs[name] = results;
    let round = 0;
    // Each run tells all three figures: the first table runs them.
    return async () => {
      results[round] ??= await run(name);
      return read(results[round++] as BenchResult);
    };
  };
  return compare({
    title: `${title}, two at once`,
    unit,
    better,
    contenders: [
      {
        name: 'this pattern',
        measure: measure('sandbox'),
        note: 'a child process each, which may be killed',
      },
      {
        name: 'sharp in the server (naive)',
        measure: measure('sharp'),
        note: 'a crash of the decoder is a crash of the server',
      },
      {
        name: 'piscina 5.3 and sharp',
        measure: measure('piscina'),
        note: 'threads share the memory and the crashes of the server',
      },
    ],
  });
}

/** In a process of its own, which ends when it has told its result. */
async function run(name: string): Promise<BenchResult> {
  const child = fork(PROGRAM, [name, photo, `${IMAGES}`]);
  const [result] = await once(child, 'message');
  if (child.exitCode === null) await once(child, 'exit');
  return result;
}
