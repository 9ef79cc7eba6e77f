// @ts-check
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import module from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chooseWorkspaces } from './choose-workspaces.mjs';
import { installMissing } from './install-missing.mjs';
import { runForeground } from './run-foreground.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NODE_NEEDED = 26;

/**
 * Installs what is missing, then runs scripts/commands/<name>.ts on the repository's own Node.
 * @param {string[]} words the command's name and its arguments
 */
export async function runRepositoryCommand([name, ...words]) {
  const commands = listCommands();
  if (!name || !commands.includes(name)) {
    const problem = name ? `There is no command "${name}".` : 'Which command?';
    return stop(`${problem} There is: ${commands.join(', ')}`);
  }
  process.chdir(ROOT);
  const outcome = await installMissing(ROOT, chooseWorkspaces(ROOT, name, words));
  if (outcome.problem) return stop(outcome.problem);
  const node = findNode();
  if (!node) return stop(describeMissingNode());

  process.env.ASTRO_TELEMETRY_DISABLED = '1'; // nothing here calls home
  process.env.PATH = [join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const file = join(ROOT, 'scripts/commands', `${name}.ts`);
  if (!outcome.installed && isThisProcess(node)) await runHere(file, words);
  else process.exitCode = await runForeground(node, [file, ...words], { killsItsOwn: true });
}

function listCommands() {
  return readdirSync(join(ROOT, 'scripts/commands'))
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();
}

/** The Node that npm installed here, else the one that runs this if it is new enough. */
function findNode() {
  const program = process.platform === 'win32' ? 'node.exe' : 'node';
  const own = join(ROOT, 'node_modules/node/bin', program);
  if (existsSync(own)) return own;
  return Number.parseInt(process.versions.node, 10) >= NODE_NEEDED ? process.execPath : undefined;
}

function describeMissingNode() {
  return (
    `Node ${NODE_NEEDED} is needed and npm did not install it here (install scripts off, or no ` +
    `build for ${process.platform} ${process.arch}); this is Node ${process.versions.node}. ` +
    'Run "npm rebuild node --ignore-scripts=false", or install Node 26 from https://nodejs.org.'
  );
}

/** @param {string} node */
function isThisProcess(node) {
  return realpathSync(node) === realpathSync(process.execPath);
}

/**
 * `npm run` puts the repository's own Node first in PATH: a second process would cost its start.
 * The compile cache is for this process alone; in tests it would blur which lines were run.
 * @param {string} file
 * @param {string[]} words
 */
async function runHere(file, words) {
  module.enableCompileCache(join(ROOT, '.cache/compile'));
  process.argv = [process.execPath, file, ...words];
  await import(pathToFileURL(file).href);
}

/** @param {string} sentence */
function stop(sentence) {
  console.error(sentence);
  process.exitCode = 2;
}
