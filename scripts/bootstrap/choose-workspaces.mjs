// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { listWorkspaces } from './find-missing.mjs';

/** Pages and texts for tools are made by this package's code, which every command can need. */
const ALWAYS = 'agents';
/** `npm pack ./agents` compiles the kit with its types. */
const COMPILES_KIT = 'pack';
const RUN_NO_EXAMPLE = ['build', 'check', 'new', 'start', 'sync'];
/** Any other command runs all examples when none is named. */
const RUN_ONLY_NAMED = ['bench', 'example'];
/** A file of another example, whose area is named when it is another one. */
const IMPORT = /['"]\.\.\/(?:\.\.\/([a-z0-9-]+)\/)?([a-z0-9-]+)\//g;

/**
 * The workspaces whose packages a command needs beside those of the root.
 * @param {string} root
 * @param {string} command
 * @param {string[]} words
 */
export function chooseWorkspaces(root, command, words) {
  if (RUN_NO_EXAMPLE.includes(command)) return [ALWAYS];
  if (command === COMPILES_KIT) return [ALWAYS, 'examples/kit'];
  const all = listWorkspaces(root);
  const examples = words.flatMap((word) => [...listImported(root, word)]);
  const named = all.filter((folder) => examples.some((id) => folder === `examples/${id}`));
  return named.length > 0 || RUN_ONLY_NAMED.includes(command) ? [ALWAYS, ...named] : all;
}

/**
 * An example and those whose files it imports, `../../<area>/<slug>/<file>.ts` or `../<slug>/<file>.ts`, directly or not.
 * @param {string} root
 * @param {string} id
 * @param {Set<string>} found
 */
function listImported(root, id, found = new Set()) {
  const folder = join(root, 'examples', id);
  if (found.has(id) || !existsSync(folder)) return found;
  found.add(id);
  const [own] = id.split('/');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, area = own, slug] of text.matchAll(IMPORT))
      listImported(root, `${area}/${slug}`, found);
  }
  return found;
}
