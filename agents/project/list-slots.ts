import type { FileRole, PatternManifest } from '../library/types.ts';

/** A file of a pattern that a project gets, as the library names it. */
export type Slot = { id: string; role: FileRole; source: string };

/** The files of patterns, the tests of some; what a superuser runs is first, for it makes the roles that apply the other migrations. */
export function listSlots(manifests: PatternManifest[], tested: ReadonlySet<string>): Slot[] {
  const slots = manifests.flatMap(({ id, files, migrations }) =>
    files
      .filter(({ role }) => role !== 'test' || tested.has(id))
      .map(({ role, path: source }) => {
        const notes = migrations.find(({ path }) => role === 'migration' && path === source);
        const isFirst = notes?.applied?.startsWith('Run by a superuser') === true;
        return { id, role, source, isFirst };
      }),
  );
  return slots.sort((a, b) => Number(b.isFirst) - Number(a.isFirst));
}
