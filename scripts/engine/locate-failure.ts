import type { Failure, Proof } from './records.ts';

/** A place in a file of an example; line and column count from 1. */
export type Declaration = { path: string; line: number; column: number };

/** Where a test declares the failure: the line that holds its title. */
export function locateFailure(
  { tests }: Pick<Proof, 'tests'>,
  { title, test }: Pick<Failure, 'title' | 'test'>,
  sources: ReadonlyMap<string, string>,
): Declaration | undefined {
  const [path = ''] = (tests[test] ?? '').split(' > ', 1);
  const lines = sources.get(path)?.split('\n') ?? [];
  const index = lines.findIndex((line) => line.includes(title));
  if (index === -1) return undefined;
  return { path, line: index + 1, column: (lines[index] ?? '').indexOf(title) + 1 };
}
