import { paint } from '../../scripts/command-line/paint.ts';
import type { CliCommand } from './command.ts';
import { listCommands } from './command-list.ts';

/** What `touchstone --help` prints. */
export function writeHelp(): string {
  const commands = listCommands();
  const width = Math.max(...commands.map(([name]) => name.length));
  const lines = commands.map(
    ([name, { summary }]) => `  ${paint('cyan', name.padEnd(width))}  ${summary}`,
  );
  return `touchstone: backend patterns in TypeScript; a named test ran every line of their pages

  touchstone <command> [--json] [--cwd <folder>]

${lines.join('\n')}

  touchstone search "webhook is delivered twice"
  touchstone add webhook-receiving --with-tests

touchstone <command> --help says more. Exit codes: 0 all is well, 1 findings or nothing found,
2 a mistake in the call, or a failure. NO_COLOR turns colour off. No command uses the network.`;
}

/** What `touchstone <command> --help` prints. */
export function writeUsage(name: string, command: CliCommand): string {
  const { synopsis, summary, about, examples } = command;
  const lines = examples.map((line) => `  ${line}`).join('\n');
  return `touchstone ${name} ${synopsis}\n\n${summary}.\n${about}\n\n${lines}`;
}

/** The table of the commands in the README. */
export function writeCommandTable(): string {
  const rows = listCommands().map(([name, { synopsis, summary }]) => {
    const [words = ''] = synopsis.split(/\[-|\n/);
    return `| \`${`${name} ${words}`.trim().replaceAll('|', '\\|')}\` | ${summary} |`;
  });
  return ['| command | what it does |', '| --- | --- |', ...rows].join('\n');
}
