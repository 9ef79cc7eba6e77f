import { type InitChange, initProject, removeFromProject } from '../../project/init.ts';
import type { CliInput, CommandResult } from '../command.ts';

/** Writes or removes what the AI tools of a project read. */
export function init({ library, changeProject, values }: CliInput): CommandResult {
  const changes = changeProject(({ root }) =>
    values.remove === true ? removeFromProject(root) : initProject(root, library.readBlock()),
  );
  const lines = changes.map(({ file, done }) => `${file}  ${SAYS[done]}`);
  return { code: 0, data: changes, text: lines.join('\n') };
}

const SAYS: Record<InitChange['done'], string> = {
  created: 'created',
  updated: 'updated',
  unchanged: 'is up to date',
  deleted: 'removed: it held nothing else',
};
