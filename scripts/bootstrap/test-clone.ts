import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ROOT } from '../files/root.ts';

/** What a run has printed so far, its events, and its end. */
export type Run = {
  child: ChildProcess;
  output: () => string;
  says: (text: string) => Promise<void>;
  ended: Promise<number | null>;
};

/**
 * A repository as small as can be, with a package and two examples, in a folder with a space in its
 * path, with a stand-in for npm.
 */
export type Clone = Disposable & {
  write: (path: string, text: string) => void;
  /** Writes package-lock.json with these packages too, and what the root asks for. */
  lock: (packages?: Record<string, object>, dependencies?: Record<string, string>) => void;
  has: (path: string) => boolean;
  lockOwners: () => number[];
  run: (words: string[], environment?: NodeJS.ProcessEnv) => Run;
};

const FOLDERS = { greeting: 'agents', queue: 'examples/jobs/queue', timer: 'examples/jobs/timer' };
const MANIFEST = {
  name: 'clone',
  private: true,
  type: 'module',
  workspaces: ['agents', 'examples/*/*'],
};

/**
 * Installs by noting in its record, as npm does, the workspaces it was asked for and those that are
 * there. HALFWAY leaves half a package and waits to be killed, or to be told (SIGUSR2) to go on.
 */
const NPM = `import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
const asked = process.argv.flatMap((word) => /^--workspace=(.+)/.exec(word)?.[1] ?? []);
function finish() {
  if (process.env.NPM_EXIT) process.exit(Number(process.env.NPM_EXIT));
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const record = {};
  for (const [link, { resolved }] of Object.entries(packages)) {
    if (link.startsWith('node_modules/') && !resolved) record[link] = packages[link];
    if (!resolved || (asked.length > 0 && !asked.includes(resolved) && !existsSync(link))) continue;
    mkdirSync(link, { recursive: true });
    Object.assign(record, { [link]: packages[link], [resolved]: packages[resolved] });
  }
  mkdirSync('node_modules', { recursive: true });
  writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: record }));
  process.exit();
}
console.log('npm', ...process.argv.slice(2).filter((word) => !/include=|audit|fund|level/.test(word)));
if (process.env.HALFWAY) {
  mkdirSync('node_modules/half', { recursive: true });
  process.on('SIGUSR2', finish);
  setInterval(() => {}, 1000);
  console.log('halfway');
} else finish();
`;

/** A command that says what it was given, and fails in a way of its own. */
export const HELLO = 'console.log("hello", process.argv.slice(2)); process.exitCode = 7;';

/** Makes a clone with the command `hello`, whose packages are not installed. */
export function cloneWith(hello: string): Clone {
  const clone = makeClone();
  clone.write('scripts/commands/hello.ts', hello);
  return clone;
}

/** Waits for the end of a run. */
export async function finish(run: Run) {
  return { code: await run.ended, output: run.output() };
}

function makeClone(): Clone {
  const root = mkdtempSync(join(tmpdir(), 'a touchstone '));
  const write = (path: string, text: string) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text, { mode: 0o755 });
  };
  const lock: Clone['lock'] = (packages = {}, dependencies = {}) => {
    const manifest = { ...MANIFEST, dependencies };
    write('package.json', JSON.stringify(manifest));
    write('package-lock.json', writeLock({ '': manifest, ...packages }));
  };
  lock();
  for (const [name, folder] of Object.entries(FOLDERS))
    write(join(folder, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
  // A shebang cannot name a Node whose path has a space in it.
  write('stand-in/npm', `#!/bin/sh\nexec "${process.execPath}" "$0.mjs" "$@"\n`);
  write('stand-in/npm.mjs', NPM);
  for (const part of ['run.mjs', 'bootstrap'])
    cpSync(join(ROOT, 'scripts', part), join(root, 'scripts', part), { recursive: true });

  return {
    write,
    lock,
    has: (path) => existsSync(join(root, path)),
    lockOwners: () => readdirSync(join(root, '.cache/installing')).map(Number),
    run: (words, environment = {}) => startRun(root, words, environment),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

function writeLock(added: Record<string, object>): string {
  const workspaces = Object.entries(FOLDERS).flatMap(([name, folder]) => [
    [`node_modules/${name}`, { resolved: folder, link: true }],
    [folder, { name, version: '1.0.0' }],
  ]);
  const packages = { ...Object.fromEntries(workspaces), ...added };
  return JSON.stringify({ lockfileVersion: 3, packages });
}

function startRun(root: string, words: string[], environment: NodeJS.ProcessEnv): Run {
  const path = [join(root, 'stand-in'), process.env.PATH].join(delimiter);
  const child = spawn(process.execPath, [join(root, 'scripts/run.mjs'), ...words], {
    env: { ...process.env, CI: '', PATH: path, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      child.emit('output');
    });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    child,
    output: () => output,
    async says(text) {
      const closed = ended.then(() => {
        throw new Error(`ended without saying "${text}":\n${output}`);
      });
      while (!output.includes(text)) await Promise.race([once(child, 'output'), closed]);
      closed.catch(() => {}); // from here on its end is what the test asks for
    },
    ended,
  };
}
