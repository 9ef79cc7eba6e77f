import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles the command line into few files that start fast; packages stay outside. */
export async function bundleCode(folder: string, dist: string): Promise<void> {
  await build({
    entryPoints: { cli: join(folder, 'cli/main.ts') },
    outdir: dist,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
}
