import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A built page: its file, `proof/index.html`, and its text; few need all of it as a tree, which takes long to make. */
export type BuiltPage = { file: string; html: string };

/** Reads the built pages of a folder one by one. */
export function* readBuiltPages(folder: string): Generator<BuiltPage> {
  for (const path of globSync('**/*.html', { cwd: folder })) {
    const html = readFileSync(join(folder, path), 'utf8');
    yield { file: path.replaceAll('\\', '/'), html };
  }
}
