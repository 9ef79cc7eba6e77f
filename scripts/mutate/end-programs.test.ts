import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { endPrograms } from './end-programs.ts';

it.runIf(existsSync('/proc'))('ends a program that obeys no signal, and no other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-test-'));
  const file = join(folder, 'stubborn.mjs');
  writeFileSync(file, "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000);");
  const start = (...words: string[]) => spawn(process.execPath, words, { detached: true });
  const stubborn = start(file);
  const other = start('-e', 'setInterval(() => {}, 1000)', `${folder}-2/main.ts`);
  const [ended, otherEnded] = [once(stubborn, 'exit'), once(other, 'exit')];
  await Promise.all([once(stubborn, 'spawn'), once(other, 'spawn')]);

  endPrograms(folder);

  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(other.exitCode ?? other.signalCode).toBeNull();
  other.kill();
  await otherEnded;
  rmSync(folder, { recursive: true });
});
