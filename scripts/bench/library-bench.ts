import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { writeLibrary } from './library-tree.ts';

// What the commands cost when the library is whole: node scripts/bench/library-bench.ts [<patterns>]
const [count = '234'] = process.argv.slice(2);

/** An ordinary pattern, and commands from the one that runs most often. */
const ID = 'integrations/webhook-receiving';
const COMMANDS: [name: string, words: string[]][] = [
  ['npm run check', ['check']],
  [`npm test ${ID}`, ['test', ID]],
  ['npm test', ['test']],
];

const root = mkdtempSync(join(tmpdir(), 'library-bench-'));
try {
  writeLibrary(root, Number(count));
  console.log(`${count} patterns, nothing changed, ${availableParallelism()} cores`);
  for (const [name, words] of COMMANDS) console.log(measure(name, words));
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** Bash adds up the time of a program and of all that it starts. */
function measure(name: string, [command, ...words]: string[]): string {
  const file = `scripts/commands/${command}.ts`;
  const script = 'TIMEFORMAT="%R %U %S"; time "$@"';
  const path = [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
  const run = spawnSync('bash', ['-c', script, 'bash', process.execPath, file, ...words], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ASTRO_TELEMETRY_DISABLED: '1', PATH: path },
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [wall = 0, user = 0, system = 0] =
    /([\d.]+) ([\d.]+) ([\d.]+)\s*$/.exec(run.stderr)?.slice(1).map(Number) ?? [];
  const verdict = run.status === 0 ? 'passes' : `ends with ${run.status}:\n${run.stdout}`;
  return `${name}: ${wall.toFixed(1)} s, ${(user + system).toFixed(1)} CPU s, ${verdict}`;
}
