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
// As in a photo: large areas that change slowly, and a little grain.
const areas = await makeNoise(40, 30, 60)
  .resize(4000, 3000, { kernel: 'cubic' })
  .png()
  .toBuffer();
const grain = await makeNoise(4000, 3000, 6).png().toBuffer();
await sharp(areas)
  .composite([{ input: grain, blend: 'soft-light' }])
  .jpeg({ quality: 90 })
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

function makeNoise(width: number, height: number, sigma: number) {
  const noise = { type: 'gaussian', mean: 128, sigma } as const;
  const background = 'grey';
  return sharp({
    create: { width, height, channels: 3, background, noise },
  });
}

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
        measure: measure('child'),
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
