import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { runProgram, startProgram } from './program.ts';

it('tells the exit code, the output and the errors of a program apart', async () => {
  const file = writeProgram(`console.log('out'); console.error('wrong'); process.exit(3);`);

  expect(await runProgram(file)).toEqual({ code: 3, output: 'out\n', errors: 'wrong\n' });
});

it('fails with what a program printed when it ends before it listens', async () => {
  const file = writeProgram(`console.error('no database'); process.exit(1);`);

  await expect(startProgram(file)).rejects.toThrow('no database');
});

it('stops a program that listens, even one that stands still', async () => {
  const file = writeProgram(`
    const timer = setInterval(() => {}, 1000);
    process.on('SIGTERM', () => { console.log('stopped in order'); clearInterval(timer); });
    console.log('listening on http://127.0.0.1:1');`);
  const program = await startProgram(file);
  await program.signal('SIGSTOP');

  await program[Symbol.asyncDispose]();

  expect(program.read().output).toContain('stopped in order');
});

function writeProgram(source: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'kit program '));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'program.ts');
  writeFileSync(file, source);
  return pathToFileURL(file);
}
