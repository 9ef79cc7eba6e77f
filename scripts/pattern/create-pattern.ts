import { cpSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../command-line/usage-error.ts';
import { areaOf, examplePath, PATTERN_ID, pagePath, slugOf } from './ids.ts';

const TEMPLATE = join(import.meta.dirname, '../template');

/** Copies the template to a new pattern's page and example, under its own names. */
export function createPattern(root: string, id: string): void {
  if (!PATTERN_ID.test(id))
    throw new UsageError(
      `"${id}" is not an id: write <area>/<slug> in lower case, with hyphens between words`,
    );
  const rename = createRenaming(areaOf(id), slugOf(id));
  const example = join(root, examplePath(id));
  const page = join(root, pagePath(id));

  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, rename(readFileSync(join(TEMPLATE, 'page.md'), 'utf8')));
  cpSync(join(TEMPLATE, 'example'), example, { recursive: true });
  for (const name of globSync('*', { cwd: example })) {
    const file = join(example, name);
    writeFileSync(file, rename(readFileSync(file, 'utf8')));
    renameSync(file, join(example, rename(name)));
  }
}

function createRenaming(area: string, slug: string): (text: string) => string {
  const words = slug.split('-');
  const title = words.join(' ');
  const names: [from: string, to: string][] = [
    ['example-area', area],
    ['example-slug', slug],
    ['ExampleSlug', words.map(capitalise).join('')],
    ['Example title', capitalise(title)],
  ];
  return (text) => names.reduce((result, [from, to]) => result.replaceAll(from, to), text);
}

function capitalise(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
