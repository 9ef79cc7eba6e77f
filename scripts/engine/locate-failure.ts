import type { Failure, Proof } from './records.ts';

/** Where a test declares the failure: the file in the example, and the line. */
export function locateFailure(
  { tests }: Pick<Proof, 'tests'>,
  { test, line }: Pick<Failure, 'test' | 'line'>,
): { path: string; line: number } {
  const [path = ''] = (tests[test] ?? '').split(' > ', 1);
  return { path, line };
}
