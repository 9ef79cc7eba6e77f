import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { ROOT } from '../../scripts/files/root.ts';
import { SERVICE } from '../generate/build-service.ts';
import { buildTestLibrary, makeFolder } from '../testing/test-library.ts';
import { createService } from './create-service.ts';
import { readProjectLock } from './lock-file.ts';
import { openProject, type Project } from './project.ts';

const built = buildTestLibrary();
const { library } = built;
const EXAMPLE = join(ROOT, 'examples', SERVICE);

afterAll(() => built[Symbol.dispose]());

/** All files of a project but those in some folders. */
function listFiles(project: Project, without: string[], folder = '.'): string[] {
  return project.list(folder).flatMap((name) => {
    const path = folder === '.' ? name : `${folder}/${name}`;
    if (without.includes(path)) return [];
    const below = listFiles(project, without, path);
    return below.length > 0 ? below : [path];
  });
}

const readExample = (path: string) => readFileSync(join(EXAMPLE, path), 'utf8');

describe('a new service', () => {
  it('is a few files of its owner, beside the patterns and the lock', () => {
    using place = makeFolder();
    const { files } = createService(library, join(place.folder, 'Shop 2'), []);
    const project = openProject(join(place.folder, 'Shop 2'));
    const own = listFiles(project, ['src/patterns', 'touchstone.lock.json']);

    expect(own).toEqual(
      [...files, ...project.list('src/migrations').map((name) => `src/migrations/${name}`)]
        .filter((path, index, all) => all.indexOf(path) === index)
        .sort(),
    );
    expect(own.length).toBeLessThan(40);
    expect(project.read('package.json')).toContain('"name": "shop-2"');
    expect(project.read('src/serve.ts')).toContain("name: 'shop-2',");
  });

  it('has the code of the example, which names the patterns where they are', () => {
    using place = makeFolder();
    const { name, files } = createService(library, join(place.folder, 'shop'), []);
    const project = openProject(join(place.folder, name));
    for (const path of files.filter((file) => /^src\/.*\.(ts|sql)$/.test(file))) {
      const code = (text = '') =>
        text.split('\n').filter((line) => !/'[.@]|#(end)?region/.test(line));
      expect(code(project.read(path))).toEqual(code(readExample(path.slice('src/'.length))));
    }
    const serve = project.read('src/serve.ts');
    expect(serve).toContain("'./patterns/structured-logging/create-log.ts'");
    expect(serve).toContain("'./patterns/service-templates/start-service.ts'");
    expect(project.read('src/main.ts')).toContain("'@touchstone-patterns/cli/kit/postgres/server'");
    const text = files.map((path) => project.read(path)).join('\n');
    expect(text).not.toMatch(/@touchstone\/|'\.\.\/\.\./);
  });

  it('begins with the migrations of its patterns, and those are what the example is tested with', () => {
    using place = makeFolder();
    createService(library, join(place.folder, 'shop'), []);
    const project = openProject(join(place.folder, 'shop'));
    const names = project.list('src/migrations');
    expect(names).toEqual([
      '0001-zero-downtime-migrations.up.sql',
      '0002-background-jobs.up.sql',
      '0003-orders.up.sql',
    ]);
    // When it fails: copy the text that the service has into the example, and prove that again.
    for (const name of names)
      expect(project.read(`src/migrations/${name}`)).toBe(readExample(`migrations/${name}`));
  });

  it('has the patterns once, and of their tests those of the service', () => {
    using place = makeFolder();
    createService(library, join(place.folder, 'shop'), []);
    const project = openProject(join(place.folder, 'shop'));
    const { patterns = {} } = readProjectLock(project) ?? {};
    expect(Object.keys(patterns)).toContain('jobs/background-jobs');
    expect(project.list('src/patterns/.tests')).toContain('service-templates');
    expect(project.list('src/patterns/.tests')).not.toContain('background-jobs');
    expect(project.list('src/patterns')).not.toContain('service-templates.ts');
  });

  it('gets more patterns with their tests, and says how they are wired', () => {
    using place = makeFolder();
    const ids = ['integrations/webhook-receiving', 'auth/refresh-token-rotation'];
    const { added } = createService(library, join(place.folder, 'shop'), ids);
    const project = openProject(join(place.folder, 'shop'));
    expect(added?.asked).toEqual(expect.arrayContaining(ids));
    expect(added?.next.join('\n')).toMatch(/See how it is wired: .* show <id>/);
    expect(project.list('src/migrations').slice(3).join()).toMatch(
      /^0004-.*\.up\.sql,0005-.*\.up\.sql/,
    );
    expect(project.list('src/patterns/.tests')).toContain('webhook-receiving');
  });
});

describe('what is refused, with nothing written', () => {
  it('a folder that is not empty, and a file', () => {
    using place = makeFolder();
    const file = join(place.folder, 'mine.txt');
    writeFileSync(file, 'mine');
    expect(() => createService(library, place.folder, [])).toThrow('is not empty');
    expect(() => createService(library, file, [])).toThrow('is a file');
    expect(openProject(place.folder).list('.')).toEqual(['mine.txt']);
  });

  it('an old Node', () => {
    using place = makeFolder();
    const folder = join(place.folder, 'shop');
    vi.spyOn(process, 'versions', 'get').mockReturnValue({ ...process.versions, node: '22.23.5' });
    expect(() => createService(library, folder, [])).toThrow(
      'a new service needs Node 24 or newer, and this is 22.23.5',
    );
    vi.restoreAllMocks();
    expect(existsSync(folder)).toBe(false);
  });
});

it('names the tables that a pattern needs and the service does not have', () => {
  using place = makeFolder();
  const { added } = createService(library, join(place.folder, 'shop'), [
    'auth/refresh-token-rotation',
  ]);
  expect(added?.next.join('\n')).toMatch(
    /leaves out tables that most projects have: users\b.*make those that you lack in a migration before it/,
  );
});

it('takes the folder of an empty clone', () => {
  using place = makeFolder();
  mkdirSync(join(place.folder, '.git'));
  expect(createService(library, place.folder, []).files).toContain('package.json');
});

it('takes a folder that is there and empty', () => {
  using place = makeFolder();
  const folder = join(place.folder, 'shop');
  mkdirSync(folder);
  createService(library, folder, []);
  expect(existsSync(join(folder, 'package.json'))).toBe(true);
});
