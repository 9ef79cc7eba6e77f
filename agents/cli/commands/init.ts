import { type InitChange, initProject, removeFromProject } from '../../project/init.ts';
import type { Command } from '../command.ts';

export const init: Command = {
  usage: `touchstone init [--remove] [--cwd <folder>] [--json]

Tells the AI tools of a project about the patterns: a block between markers in AGENTS.md, and a
CLAUDE.md that leads to it. Run it again to bring the block up to date.

  touchstone init
  touchstone init --remove`,
  options: { remove: { type: 'boolean' } },
  run({ library, openProject, flags }) {
    const { root } = openProject();
    const changes =
      flags.remove === true ? removeFromProject(root) : initProject(root, library.readBlock());
    const lines = changes.map(({ file, done }) => `${file}  ${SAYS[done]}`);
    return { code: 0, data: changes, text: lines.join('\n') };
  },
};

const SAYS: Record<InitChange['done'], string> = {
  created: 'created',
  updated: 'updated',
  unchanged: 'is as it should be',
  deleted: 'removed: it held nothing else',
};
