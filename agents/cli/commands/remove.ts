import { findManager, sayUninstall } from '../../project/package-json.ts';
import { planRemove, type RemovedFile } from '../../project/remove.ts';
import type { CliInput, CommandResult } from '../command.ts';
import { headDryRun } from '../head-dry-run.ts';
import { requireIds } from '../resolve-pattern-ids.ts';

/** Removes the files of patterns. */
export function remove({ library, changeProject, words, values }: CliInput): CommandResult {
  const ids = requireIds(library, words, 'remove');
  const isDry = values['dry-run'] === true;
  const { files, unneeded, kept, packages, manager } = changeProject((project) => {
    const removal = planRemove(library, project, ids);
    if (!isDry) removal.apply();
    return { ...removal, manager: findManager(project) };
  });
  const lines = files.map(({ path, outcome }) => `${path}  ${SAYS[outcome]}`);
  const also = unneeded.map(
    (id) => `${id} was added only because of them, and nothing else builds on it: removed too`,
  );
  const stays = kept.map(
    ({ id, reason }) => `${id} was added because of them, and stays: ${reason}`,
  );
  const command = packages.length > 0 ? sayUninstall(manager, packages) : undefined;
  const left = command ? [`Unless your own code imports them: ${command}`] : [];
  const text = [...headDryRun(isDry), ...lines, ...also, ...stays, ...left].join('\n');
  return { code: 0, data: { files, unneeded, kept, packages, command }, text };
}

const SAYS: Record<RemovedFile['outcome'], string> = {
  removed: 'removed',
  edited: 'you edited it: it stays',
  migration: 'stays: its tables may hold data',
  gone: 'was missing already',
};
