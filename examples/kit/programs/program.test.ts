import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { runProgram, startProgram } from './program.ts';

it('tells the exit code, the output and the errors of a program apart', async () => {
  const file = writeProgram(`console.log('out'); console.error('wrong'); process.exit(3);`);

  expect(await runProgram(file)).toEqual({ code: 3, output: 'out\n', errors: 'wrong\n' });
});

it('fails with what a program printed when it ends before it listens', async () => {
  const file = writeProgram(`console.error('no database'); process.exit(1);`);

  await expect(startProgram(file)).rejects.toThrow('no database');
});

it('stops a program that listens, even one that is frozen', async () => {
  const file = writeProgram(`
    const timer = setInterval(() => {}, 1000);
    process.on('SIGTERM', () => { console.log('stopped in order'); clearInterval(timer); });
    console.log('listening on http://127.0.0.1:1');`);
  const program = await startProgram(file);
  await program.signal('SIGSTOP');

  await program[Symbol.asyncDispose]();

  expect(program.read().output).toContain('stopped in order');
});

it.runIf(process.platform === 'linux')('shows no user of the machine the environment', async () => {
  const secrets = [randomUUID(), randomUUID()];
  vi.stubEnv('INHERITED_SECRET', secrets[0]);
  onTestFinished(() => void vi.unstubAllEnvs());
  const file = writeProgram(`
    import { createServer } from 'node:http';
    const { INHERITED_SECRET, OWN_SECRET } = process.env;
    console.log(process.ppid, process.pid, INHERITED_SECRET, OWN_SECRET);
    const server = createServer().listen(0, '127.0.0.1', () => {
      console.log('listening on http://127.0.0.1:' + server.address().port);
    });`);
  await using program = await startProgram(file, { OWN_SECRET: `${secrets[1]}` });
  const [guard, child, ...received] = program.read().output.split(/\s/);

  const commandLines = [guard, child].map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));

  expect(received).toEqual(expect.arrayContaining(secrets));
  expect(commandLines).toEqual([
    expect.stringContaining('guard.mjs'),
    expect.stringContaining('program.ts'),
  ]);
  for (const secret of secrets) expect(commandLines.join()).not.toContain(secret);
});

function writeProgram(source: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'kit program '));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'program.ts');
  writeFileSync(file, source);
  return pathToFileURL(file);
}
