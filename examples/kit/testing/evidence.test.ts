import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { noteProgram, noteService } from './evidence.ts';

let folder: string;
let told: unknown[];
const listen = (message: unknown) => told.push(message);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evidence-'));
  told = [];
  subscribe('touchstone:service', listen);
});

afterEach(() => {
  unsubscribe('touchstone:service', listen);
  rmSync(folder, { recursive: true, force: true });
});

it.each([
  ['18.4 (Debian 18.4-1.pgdg13+1)', '18.4'],
  ['nginx version: nginx/1.22.1', '1.22.1'],
  ['ClamAV 1.4.3/27500/Thu', '1.4.3'],
  ['unknown', 'unknown'],
])('reads the version in %j', (text, version) => {
  noteService('a service', text);
  expect(told).toEqual([{ name: 'a service', version }]);
});

it('asks a program that says its version as an error and fails', () => {
  noteProgram('node', ...writeProgram(`console.error('node version 2.0.11'); process.exit(3)`));
  expect(told).toEqual([{ name: 'node', version: '2.0.11' }]);
});

it('does not start a program that no one wants to know of', () => {
  unsubscribe('touchstone:service', listen);
  const started = join(folder, 'started');
  const program = writeProgram(`require('node:fs').writeFileSync(${JSON.stringify(started)}, '')`);
  noteProgram('node', ...program);
  expect(() => rmSync(started)).toThrow('ENOENT');
});

function writeProgram(text: string): [program: string, args: string[]] {
  const file = join(folder, 'program.cjs');
  writeFileSync(file, text);
  return [process.execPath, [file]];
}
