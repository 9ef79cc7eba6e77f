import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

it('reads with --env-file: the environment wins over files, and the last file over the others', () => {
  const folder = mkdtempSync(join(tmpdir(), 'env-file-'));
  onTestFinished(() =>
    rmSync(folder, { recursive: true, force: true }),
  );
  writeFileSync(
    join(folder, 'a.env'),
    'ONE=a # a note\nTWO="a b"\nTHREE=a\n',
  );
  writeFileSync(join(folder, 'b.env'), 'TWO=b\nTHREE=b\n');
  const print =
    'const { ONE, TWO, THREE } = process.env; [ONE, TWO, THREE].join()';

  const printed = execFileSync(
    process.execPath,
    ['--env-file=a.env', '--env-file=b.env', '-p', print],
    { cwd: folder, env: { THREE: 'environment' }, encoding: 'utf8' },
  );

  expect(printed.trim()).toBe('a,b,environment');
});
