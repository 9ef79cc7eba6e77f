import { mkdirSync, symlinkSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFolder } from '../testing/test-library.ts';
import { openProject } from './project.ts';
import { resolveInside } from './safe-path.ts';

const place = makeFolder();
const outside = makeFolder();
const root = join(place.folder, 'app');
mkdirSync(join(root, 'src'), { recursive: true });

afterAll(() => {
  place[Symbol.dispose]();
  outside[Symbol.dispose]();
});

describe('a path of a project', () => {
  it.each(['src/a.ts', 'new/folder/a.ts', './src/a.ts', 'a..b/c.ts', '...'])(
    'is inside: %s',
    (path) => {
      expect(relative(root, resolveInside(root, path))).not.toMatch(/^\.\.\//);
    },
  );

  it.each([
    ['../a.ts', 'goes up with ..'],
    ['src/../../a.ts', 'goes up with ..'],
    ['/etc/passwd', 'is absolute'],
    ['C:/a.ts', 'is absolute'],
    ['c:a.ts', 'names a drive'],
    ['\\\\server\\share', 'write it with /'],
    ['src\\..\\..\\a.ts', 'write it with /'],
    ['a\0.ts', 'control character'],
    ['', 'is empty'],
  ])('is refused: %j', (path, reason) => {
    expect(() => resolveInside(root, path)).toThrow(reason);
  });

  it('is refused when a folder on the way links out of the project', () => {
    symlinkSync(outside.folder, join(root, 'linked'));
    expect(() => resolveInside(root, 'linked/a.ts')).toThrow('a link points outside');
  });

  it('is refused when it is a broken link, because writing would follow it', () => {
    symlinkSync(join(outside.folder, 'not-there.ts'), join(root, 'broken.ts'));
    const project = openProject(root);
    expect(() => project.write('broken.ts', 'x')).toThrow('broken link');
    expect(() => project.write('broken.ts/a.ts', 'x')).toThrow('broken link');
  });

  it('never points outside the project, whatever it is', () => {
    const part = fc.oneof(
      fc.constantFrom('..', '.', '', 'a', 'C:', '\\', '~', '%2e%2e'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const path = parts.join('/');
        let target: string;
        try {
          target = resolveInside(root, path);
        } catch {
          return;
        }
        const way = relative(root, target);
        expect(way.split('/')[0]).not.toBe('..');
        expect(isAbsolute(way)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});
