import { COMMAND_NAMES, type CommandName } from './command-names.ts';
import { paint } from './style.ts';

const SUMMARIES: Record<CommandName, string> = {
  init: 'tells the AI tools of a project about the patterns (AGENTS.md, CLAUDE.md)',
  list: 'lists the patterns',
  search: 'finds the pattern for a problem or an error message',
  show: 'shows a pattern, or one of its files',
  add: 'copies a pattern into a project',
  diff: 'shows what you changed, or what is new',
  update: 'brings what was taken up to date, and keeps your edits',
  remove: 'removes what was taken, and keeps your edits',
  verify: 'checks that the copied files are intact',
  mcp: 'serves the patterns to an AI tool over MCP',
  completion: 'prints a completion script for your shell',
};

/** What `touchstone --help` prints. */
export function writeHelp(): string {
  const width = Math.max(...COMMAND_NAMES.map((name) => name.length));
  const commands = COMMAND_NAMES.map(
    (name) => `  ${paint('cyan', name.padEnd(width))}  ${SUMMARIES[name]}`,
  );
  return `touchstone: backend patterns in TypeScript, every shown line run by a named test

  touchstone <command> [--json] [--cwd <folder>]

${commands.join('\n')}

  touchstone search "webhook is delivered twice"
  touchstone add webhook-receiving --with-tests

touchstone <command> --help says more. Exit codes: 0 all is well, 1 findings or nothing found,
2 a mistake in the call, or a failure. NO_COLOR is heeded; nothing is asked of the network.`;
}
