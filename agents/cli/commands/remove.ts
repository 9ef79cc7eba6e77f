import { planRemove, type RemovedFile } from '../../project/remove.ts';
import type { Command } from '../command.ts';
import { requireIds } from '../resolve-ids.ts';

export const remove: Command = {
  usage: `touchstone remove <id…> [--dry-run] [--cwd <folder>] [--json]

Removes the files of patterns, and those patterns that only came along with them and that nothing
else builds on. Edited files, migrations and packages stay.

  touchstone remove background-jobs --dry-run`,
  options: { 'dry-run': { type: 'boolean' } },
  run({ library, openProject, words, flags }) {
    const ids = requireIds(library, words, 'remove');
    const { files, unneeded, kept, apply } = planRemove(library, openProject(), ids);
    if (flags['dry-run'] !== true) apply();
    const lines = files.map(({ path, outcome }) => `${path}  ${SAYS[outcome]}`);
    const also = unneeded.map((id) => `${id} only came along, and nothing needs it: removed too`);
    const stays = kept.map(({ id, reason }) => `${id} came along, and stays: ${reason}`);
    const text = [...lines, ...also, ...stays].join('\n');
    return { code: 0, data: { files, unneeded, kept }, text };
  },
};

const SAYS: Record<RemovedFile['outcome'], string> = {
  removed: 'removed',
  edited: 'was edited: it stays, and is yours',
  migration: 'stays: its tables may hold data',
  gone: 'was gone',
};
