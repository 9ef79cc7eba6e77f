import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { countWorkers } from './scripts/test-run/count-workers.ts';

/** Node runs the TypeScript as it is, so V8's offsets are those of the files on disk. */
const shared = { extends: true } as const;

/** As many workers as cores share the pages of the site; one may be left with none of a few. */
const pages = Array.from({ length: availableParallelism() }, (_, index) => ({
  ...shared,
  test: {
    name: `pages-${index + 1}`,
    include: ['docs/site-tests/each-page/*.test.ts'],
    env: { TOUCHSTONE_WORKER: `${index + 1}/${availableParallelism()}` },
    passWithNoTests: true,
  },
}));

export default defineConfig({
  test: {
    experimental: { viteModuleRunner: false },
    pool: 'forks',
    maxWorkers: countWorkers(),
    // To end what hangs, not to measure: a busy machine is slow, and that is no fault.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        ...shared,
        test: {
          name: 'engine',
          include: ['scripts/**/*.test.ts'],
          exclude: ['scripts/template/**', '**/node_modules/**'],
        },
      },
      { ...shared, test: { name: 'kit', include: ['examples/kit/**/*.test.ts'] } },
      {
        ...shared,
        test: {
          name: 'examples',
          include: ['examples/*/*/*.test.ts'],
          exclude: ['examples/kit/**', '**/node_modules/**'],
          includeTaskLocation: true,
          globalSetup: 'examples/kit/testing/services.ts',
          setupFiles: 'scripts/proof/record.ts',
        },
      },
      {
        ...shared,
        test: {
          name: 'agents',
          include: ['agents/**/*.test.ts'],
          exclude: ['agents/dist/**', 'agents/matrix/**', '**/node_modules/**'],
        },
      },
      // The longest file. Vitest takes projects by name, so it starts first.
      { ...shared, test: { name: 'adopters', include: ['agents/matrix/*.test.ts'] } },
      {
        ...shared,
        test: {
          name: 'site',
          include: ['docs/**/*.test.ts'],
          exclude: ['docs/site-tests/each-page/**', '**/node_modules/**'],
        },
      },
      ...pages,
    ],
  },
});
