import { examplePath } from '../pattern/ids.ts';
import type { TestRecord } from './test-report.ts';

/** What a test used and the key does not cover could change, and the proof would still count as fresh. */
export function findUncovered(
  id: string,
  records: TestRecord[],
  files: ReadonlySet<string>,
): string[] {
  const used = new Set(
    records.flatMap(({ executed, evidence }) => [...executed.keys(), ...evidence.keys()]),
  );
  return [...used]
    .filter((path) => !files.has(examplePath(id, path)))
    .map(
      (path) =>
        `a test used ${path}, which no test, demo or taken file imports or names in a string: name it where it is used`,
    );
}
