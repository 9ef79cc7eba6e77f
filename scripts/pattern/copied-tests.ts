/**
 * The folder of the copied tests, beside those of the patterns. Compilers and test runners pass over
 * it: its name begins with a dot, and its tests end in `.proof.ts`.
 */
export const TESTS_FOLDER = '.tests';

/** What a test is called where it is copied to: no test runner looks for this ending but the one that is told to. */
export const nameCopiedTest = (name: string): string => name.replace(/\.test\.ts$/, '.proof.ts');
