import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeAtomically } from './write-atomically.ts';

let folder: string;
const at = (name: string) => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'write-atomically-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('writeAtomically', () => {
  it('replaces a file, keeps its mode and leaves nothing else behind', () => {
    writeFileSync(at('record.json'), 'old');
    chmodSync(at('record.json'), 0o600);
    writeAtomically(at('record.json'), 'new');
    expect(readFileSync(at('record.json'), 'utf8')).toBe('new');
    expect(statSync(at('record.json')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['record.json']);
  });

  it('creates a file and the folders to it', () => {
    writeAtomically(at('a/b/record.json'), 'new');
    expect(readFileSync(at('a/b/record.json'), 'utf8')).toBe('new');
  });

  it('writes to where a link leads', () => {
    writeFileSync(at('record.json'), 'old');
    symlinkSync('record.json', at('link.json'));
    writeAtomically(at('link.json'), 'new');
    expect(readlinkSync(at('link.json'))).toBe('record.json');
    expect(readFileSync(at('record.json'), 'utf8')).toBe('new');
  });

  it('leaves nothing behind when it fails', () => {
    mkdirSync(at('record.json'));
    expect(() => writeAtomically(at('record.json'), 'new')).toThrow();
    expect(readdirSync(folder)).toEqual(['record.json']);
  });
});
