import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openProgramCoverage } from './program-coverage.ts';

// From outside: when a process kills itself by `process.kill`, Node writes its note before.
const KILLED = `import { execFileSync } from 'node:child_process';
execFileSync('kill', ['-9', String(process.pid)]);`;

it('tells once what a program ran that has ended, and nothing of one that was killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-programs-'));
  vi.stubEnv('NODE_V8_COVERAGE', undefined);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
  const run = (name: string, text: string) => {
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, text);
    spawnSync(process.execPath, [file]);
    return pathToFileURL(file).href;
  };
  const take = openProgramCoverage(folder);

  const ended = run('ended', 'function used() {} function idle() {} used();');
  run('killed', KILLED);

  const ran = take().filter(({ url }) => url.startsWith(pathToFileURL(folder).href));
  expect(ran.map(({ url }) => url)).toEqual([ended]);
  const counts = ran[0]?.functions.map(({ functionName, ranges }) => [
    functionName,
    ranges[0]?.count,
  ]);
  expect(Object.fromEntries(counts ?? [])).toMatchObject({ used: 1, idle: 0 });
  expect(take()).toEqual([]);
});
