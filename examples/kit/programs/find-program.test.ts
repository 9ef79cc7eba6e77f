import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { findProgram } from './find-program.ts';

const wanted = {
  names: ['frobnicate'],
  variable: 'FROBNICATE_PATH',
  debianPackage: 'no-such-package',
};

afterEach(() => {
  vi.unstubAllEnvs();
});

it('takes what the variable names before what is on PATH', async () => {
  const chosen = makeProgram('other-name');
  vi.stubEnv('PATH', makeProgram('frobnicate').folder);
  vi.stubEnv('FROBNICATE_PATH', chosen.path);

  expect(await findProgram(wanted)).toBe(chosen.path);
});

it('refuses a variable that names no program', async () => {
  vi.stubEnv('FROBNICATE_PATH', '/no/such/program');

  await expect(findProgram(wanted)).rejects.toThrow(
    'FROBNICATE_PATH is not a program: /no/such/program',
  );
});

it('finds a program on PATH', async () => {
  const { folder, path } = makeProgram('frobnicate');
  vi.stubEnv('PATH', folder);

  expect(await findProgram(wanted)).toBe(path);
});

function makeProgram(name: string) {
  const folder = mkdtempSync(join(tmpdir(), 'kit programs '));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o755);
  return { folder, path };
}
