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
import { ROOT } from '../repository.ts';

/** What a run has printed so far, its events, and its end. */
export type Run = {
  child: ChildProcess;
  output: () => string;
  says: (text: string) => Promise<void>;
  ended: Promise<number | null>;
};

/** A repository as small as can be, in a folder with a space in its path, with a stand-in for npm. */
export type Clone = Disposable & {
  write: (path: string, text: string) => void;
  has: (path: string) => boolean;
  lockOwners: () => number[];
  run: (words: string[], environment?: NodeJS.ProcessEnv) => Run;
};

const MANIFEST = { name: 'clone', private: true, type: 'module', workspaces: ['packages/*'] };
const PACKAGES = {
  '': { name: 'clone', workspaces: ['packages/*'] },
  'node_modules/greeting': { resolved: 'packages/greeting', link: true },
  'packages/greeting': { version: '1.0.0' },
};

/** HALFWAY leaves half a package and waits to be killed, or to be told (SIGUSR2) to go on. */
const NPM = `import { cpSync, mkdirSync } from 'node:fs';
function finish() {
  mkdirSync('node_modules', { recursive: true });
  cpSync('package-lock.json', 'node_modules/.package-lock.json');
  process.exit(Number(process.env.NPM_EXIT ?? 0));
}
console.log('npm', process.argv[2], process.argv[3]);
if (process.env.HALFWAY) {
  mkdirSync('node_modules/half', { recursive: true });
  process.on('SIGUSR2', finish);
  setInterval(() => {}, 1000);
  console.log('halfway');
} else finish();
`;

/** Makes a clone whose packages are not installed. */
export function makeClone(): Clone {
  const root = mkdtempSync(join(tmpdir(), 'a touchstone '));
  const write = (path: string, text: string) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text, { mode: 0o755 });
  };
  write('package.json', JSON.stringify(MANIFEST));
  write('package-lock.json', JSON.stringify({ lockfileVersion: 3, packages: PACKAGES }));
  write('packages/greeting/package.json', '{ "name": "greeting", "version": "1.0.0" }');
  // A shebang cannot name a Node whose path has a space in it.
  write('stand-in/npm', `#!/bin/sh\nexec "${process.execPath}" "$0.mjs" "$@"\n`);
  write('stand-in/npm.mjs', NPM);
  for (const part of ['run.mjs', 'bootstrap'])
    cpSync(join(ROOT, 'scripts', part), join(root, 'scripts', part), { recursive: true });

  return {
    write,
    has: (path) => existsSync(join(root, path)),
    lockOwners: () => readdirSync(join(root, '.cache/install-lock')).map(Number),
    run: (words, environment = {}) => startRun(root, words, environment),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
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
