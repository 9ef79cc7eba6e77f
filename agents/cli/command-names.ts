/** The commands, in the order in which the help lists them. */
export const COMMAND_NAMES = [
  'init',
  'list',
  'search',
  'show',
  'add',
  'diff',
  'update',
  'remove',
  'verify',
  'mcp',
  'completion',
] as const;

/** The name of a command. */
export type CommandName = (typeof COMMAND_NAMES)[number];
