import type { ParseArgsOptionsConfig } from 'node:util';
import type { Library } from '../library/open-library.ts';
import type { Project } from '../project/project.ts';

/** What a command gets to work with. */
export type CommandInput = {
  library: Library;
  /** The project that it works in: the current folder, or `--cwd`. */
  openProject: () => Project;
  words: string[];
  flags: Record<string, string | boolean | undefined>;
};

/** What a command came to: printed as text, or as JSON with `--json`. */
export type CommandResult = {
  /** 0: all is well. 1: findings, or nothing found. */
  code: 0 | 1;
  data: unknown;
  text: string;
};

/** One command of the command line. */
export type Command = {
  usage: string;
  options?: ParseArgsOptionsConfig;
  /** Undefined when it has printed all by itself. */
  run: (input: CommandInput) => Promise<CommandResult | undefined> | CommandResult | undefined;
};

/** The value of a flag that takes a word. */
export function readWord(flags: CommandInput['flags'], name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}
