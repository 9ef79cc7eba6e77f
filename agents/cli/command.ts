import type { ParseArgsOptionsConfig } from 'node:util';
import type { CommandInput } from '../../scripts/command-line/run-command.ts';
import type { Library } from '../library/open-library.ts';
import type { Project } from '../project/project.ts';

/** What a command of the package gets to work with. */
export type CliInput = CommandInput & {
  library: Library;
  /** The project that it works in: the current folder, or `--cwd`. */
  openProject: () => Project;
  /** The same for work that reads it and then writes it: one such command runs at a time. */
  changeProject: <T>(work: (project: Project) => T) => T;
};

/** What a command came to: printed as text, or as JSON with `--json`. */
export type CommandResult = {
  /** 0: all is well. 1: findings, or nothing found. */
  code: 0 | 1;
  data: unknown;
  text: string;
};

/** The work of a command. Undefined when it has printed all by itself. */
export type RunCli = (
  input: CliInput,
) => Promise<CommandResult | undefined> | CommandResult | undefined;

/** A command of the package: all that help, the README and AGENTS.md say of it. */
export type CliCommand = {
  /** What is written behind its name. */
  synopsis: string;
  /** What it does, in one line. */
  summary: string;
  about: string;
  /** Each is a line that can be typed as it is. */
  examples: readonly string[];
  options?: ParseArgsOptionsConfig;
  /** Loaded when it is asked for: the start of one command does not pay for the others. */
  load: () => Promise<RunCli>;
};
