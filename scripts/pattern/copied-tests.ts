/**
 * The folder of the copied tests, beside those of the patterns. Compilers and test runners pass over
 * it: its name begins with a dot, and its tests end in `.proof.ts`.
 */
export const TESTS_FOLDER = '.tests';
