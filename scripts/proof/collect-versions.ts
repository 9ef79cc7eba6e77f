import type { FindLocked } from '../pattern/read-package-lock.ts';
import type { TestRecord } from './test-report.ts';

type Run = {
  /** `examples/<id>`, and the text of its package.json. */
  folder: string;
  manifest: string;
  records: TestRecord[];
  findLocked: FindLocked;
};

/** What an example was proven with, by name: Node, the services that its tests used, and its own packages as they are locked. */
export function collectVersions({ folder, manifest, records, findLocked }: Run) {
  const { dependencies = {} } = JSON.parse(manifest) as { dependencies?: Record<string, string> };
  const services = records.flatMap((record) => Object.entries(record.services));
  const packages = Object.keys(dependencies)
    .flatMap((name) => findLocked(folder, name))
    .map(({ name, version }) => [name, version] as const);
  return Object.fromEntries([
    ['Node', process.versions.node],
    ...services.sort(([a], [b]) => (a < b ? -1 : 1)),
    ...packages,
  ]);
}
