/** The name under which the lock has what belongs to all patterns. */
export const SHARED = '*';

/**
 * What lies in the folder of the copied tests beside them. Only this configuration of Vitest finds
 * them; the other two are for editors and linters, and make ES modules of them in any project.
 */
export const SHARED_FILES: ReadonlyMap<string, string> = new Map([
  [
    'vitest.config.ts',
    `import { defineConfig } from 'vitest/config';

// One Postgres for all tests, and tsx, which runs the programs that tests start.
export default defineConfig({
  test: {
    include: ['**/*.proof.ts'],
    execArgv: ['--import', 'tsx'],
    globalSetup: ['@touchstone-patterns/cli/kit/testing/services'],
    hookTimeout: 120_000,
    testTimeout: 120_000,
  },
});
`,
  ],
  ['package.json', '{ "private": true, "type": "module" }\n'],
  [
    'tsconfig.json',
    `{
  "compilerOptions": {
    "allowImportingTsExtensions": true,
    "lib": ["esnext", "dom", "dom.iterable"],
    "module": "preserve",
    "moduleDetection": "force",
    "noEmit": true,
    "skipLibCheck": true,
    "strict": true,
    "target": "esnext",
    "types": ["node"]
  },
  "include": ["**/*"]
}
`,
  ],
]);
