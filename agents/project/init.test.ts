import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { initProject, removeFromProject } from './init.ts';

const BLOCK =
  '<!-- touchstone:start v=1.2.3 -->\n\n## Patterns\n\n- a: b\n<!-- touchstone:end -->\n';

let folder: string;
let root: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'init-'));
  root = join(folder, 'project');
  mkdirSync(root);
});

afterEach(() => rmSync(folder, { recursive: true }));

describe('init', () => {
  it('makes AGENTS.md and CLAUDE.md where there are none', () => {
    expect(init()).toEqual({ 'AGENTS.md': 'created', 'CLAUDE.md': 'created' });
    expect(read('AGENTS.md')).toBe(BLOCK);
    expect(read('CLAUDE.md')).toBe('@AGENTS.md\n');
  });

  it('keeps what both files say, and their modes', () => {
    write('AGENTS.md', '# Ours\n');
    write('CLAUDE.md', '# Claude\n');
    chmodSync(join(root, 'AGENTS.md'), 0o640);
    expect(init()).toEqual({ 'AGENTS.md': 'updated', 'CLAUDE.md': 'updated' });
    expect(read('AGENTS.md')).toBe(`# Ours\n\n${BLOCK}`);
    expect(read('CLAUDE.md')).toMatch(/^# Claude\n\n<!-- .*\n@AGENTS\.md\n<!-- .*\n$/);
    expect(statSync(join(root, 'AGENTS.md')).mode & 0o777).toBe(0o640);
    expect(readdirSync(root).sort()).toEqual(['AGENTS.md', 'CLAUDE.md']);
  });

  it('changes nothing the second time', () => {
    write('CLAUDE.md', '# Claude\n');
    init();
    const before = [read('AGENTS.md'), read('CLAUDE.md')];
    expect(init()).toEqual({ 'AGENTS.md': 'unchanged', 'CLAUDE.md': 'unchanged' });
    expect([read('AGENTS.md'), read('CLAUDE.md')]).toEqual(before);
  });

  it.each(['@AGENTS.md\n', '# Mine\nsee @AGENTS.md\n', '@./AGENTS.md'])(
    'leaves a CLAUDE.md alone that leads there already: %j',
    (text) => {
      write('CLAUDE.md', text);
      expect(init()['CLAUDE.md']).toBe('unchanged');
      expect(read('CLAUDE.md')).toBe(text);
    },
  );

  it('writes nothing when the markers of one file do not pair', () => {
    write('AGENTS.md', '# Ours\n');
    write('CLAUDE.md', 'a\n<!-- touchstone:start v=1 -->\n');
    expect(init).toThrow('CLAUDE.md: the touchstone markers do not pair (start in line 2)');
    expect(read('AGENTS.md')).toBe('# Ours\n');
  });
});

describe('remove', () => {
  it.each([
    ['no files', undefined, undefined],
    ['AGENTS.md alone', '# Ours', undefined],
    ['a CLAUDE.md of its own', '# Ours\r\n', '# Claude\r\n'],
    ['only a CLAUDE.md', undefined, '# Claude'],
    ['both, one leading to the other', '# Ours\n', '@AGENTS.md\n'],
  ])('leaves the project as it was before: %s', (_, agents, claude) => {
    if (agents !== undefined) write('AGENTS.md', agents);
    if (claude !== undefined) write('CLAUDE.md', claude);
    init();
    removeFromProject(root);
    expect(readIfThere('AGENTS.md')).toBe(agents);
    // A CLAUDE.md of one line may be the owner's: it stays while there is what it leads to.
    const kept = agents !== undefined && claude === undefined ? '@AGENTS.md\n' : claude;
    expect(readIfThere('CLAUDE.md')).toBe(kept);
  });

  it('does nothing where nothing is', () => {
    expect(removeFromProject(root)).toEqual([
      { file: 'AGENTS.md', done: 'unchanged' },
      { file: 'CLAUDE.md', done: 'unchanged' },
    ]);
  });
});

describe('a symbolic link', () => {
  it('out of the project is refused, and nothing is written', () => {
    writeFileSync(join(folder, 'outside.md'), '# Outside\n');
    symlinkSync('../outside.md', join(root, 'CLAUDE.md'));
    expect(init).toThrow('a link points outside the project');
    expect(readFileSync(join(folder, 'outside.md'), 'utf8')).toBe('# Outside\n');
    expect(existsSync(join(root, 'AGENTS.md'))).toBe(false);
  });

  it('to a file outside that is not there is refused too', () => {
    symlinkSync('../new.md', join(root, 'AGENTS.md'));
    expect(init).toThrow('a link points outside the project');
    expect(existsSync(join(folder, 'new.md'))).toBe(false);
  });

  it('through a folder that leads outside is refused', () => {
    mkdirSync(join(folder, 'other'));
    symlinkSync('../other', join(root, 'docs'));
    symlinkSync('docs/AGENTS.md', join(root, 'AGENTS.md'));
    expect(init).toThrow('a link points outside the project');
  });

  it('to itself is refused', () => {
    symlinkSync('AGENTS.md', join(root, 'AGENTS.md'));
    expect(init).toThrow('is a symbolic link to itself');
  });

  it('within the project is followed, and stays a link', () => {
    write('docs.md', '# Ours\n');
    symlinkSync('docs.md', join(root, 'AGENTS.md'));
    init();
    expect(read('docs.md')).toBe(`# Ours\n\n${BLOCK}`);
    expect(lstatSync(join(root, 'AGENTS.md')).isSymbolicLink()).toBe(true);
  });

  it.each([
    ['CLAUDE.md', 'AGENTS.md'],
    ['AGENTS.md', 'CLAUDE.md'],
  ])('of %s to %s makes them one file, which gets the block once', (link, target) => {
    write(target, '# Ours\n');
    symlinkSync(target, join(root, link));
    init();
    expect(read(target)).toBe(`# Ours\n\n${BLOCK}`);
    removeFromProject(root);
    expect(read(link)).toBe('# Ours\n');
  });
});

const init = () =>
  Object.fromEntries(initProject(root, BLOCK).map(({ file, done }) => [file, done]));

const read = (name: string): string => readFileSync(join(root, name), 'utf8');

const readIfThere = (name: string): string | undefined =>
  existsSync(join(root, name)) ? read(name) : undefined;

const write = (name: string, text: string): void => writeFileSync(join(root, name), text);
