/** The name under which the lock has what belongs to all patterns. */
export const SHARED = '*';

/** The configuration of Vitest in the folder of the patterns: it meets no other. */
export const TEST_CONFIG = `import { defineConfig } from 'vitest/config';

// One Postgres for all tests, and tsx, which runs the programs that tests start.
export default defineConfig({
  test: {
    execArgv: ['--import', 'tsx'],
    globalSetup: ['touchstone/kit/testing/services'],
    hookTimeout: 120_000,
    testTimeout: 120_000,
  },
});
`;
