import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../../scripts/files/root.ts';
import { buildLibrary } from '../generate/build-library.ts';
import { writeLibraryFiles } from '../generate/build-package.ts';
import { type Library, openLibrary } from '../library/open-library.ts';
import { openProject, type Project } from '../project/project.ts';

/** A folder of this test's alone, removed when disposed of. */
export type TestFolder = Disposable & { folder: string };

/** Makes an empty folder. */
export function makeFolder(): TestFolder {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-test-'));
  return {
    folder,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The library of this repository's patterns, as the package has it. */
export function buildTestLibrary(): TestFolder & { library: Library } {
  const place = makeFolder();
  writeLibraryFiles(buildLibrary(ROOT, '1.0.0'), place.folder);
  return { ...place, library: openLibrary(place.folder) };
}

/** A project with these files; a package.json for ES modules is there unless they bring one. */
export function makeProject(files: Record<string, string> = {}): TestFolder & { project: Project } {
  const place = makeFolder();
  const all = { 'package.json': '{\n  "name": "app",\n  "type": "module"\n}\n', ...files };
  for (const [path, text] of Object.entries(all)) {
    const file = join(place.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return { ...place, project: openProject(place.folder) };
}

/** The library after a release: some texts have changed. */
export function changeLibrary(
  library: Library,
  version: string,
  change: (path: string, text: string) => string,
): Library {
  return {
    ...library,
    version,
    readFile: (id, role, path) => change(path, library.readFile(id, role, path)),
  };
}
