// @ts-check
import { listWorkspaces } from './find-missing.mjs';

/** Pages and texts for tools are made by this package's code, which every command can need. */
const ALWAYS = 'agents';
const RUN_NO_EXAMPLE = ['build', 'check', 'new', 'start', 'sync'];
/** Any other command runs all examples when none is named. */
const RUN_ONLY_NAMED = ['bench', 'example'];

/**
 * The workspaces whose packages a command needs beside those of the root.
 * @param {string} root
 * @param {string} command
 * @param {string[]} words
 */
export function chooseWorkspaces(root, command, words) {
  if (RUN_NO_EXAMPLE.includes(command)) return [ALWAYS];
  const all = listWorkspaces(root);
  const named = all.filter((folder) => words.some((word) => folder === `examples/${word}`));
  return named.length > 0 || RUN_ONLY_NAMED.includes(command) ? [ALWAYS, ...named] : all;
}
