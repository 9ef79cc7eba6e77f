import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kit } from './prepare-copy.ts';
import { readPackages } from './read-pattern.ts';

/** The kit's sources without its tests. */
export function readKit(root: string): Kit {
  const folder = join(root, 'examples/kit');
  const names = globSync('*/*.{ts,mjs,py}', { cwd: folder });
  const sources = names
    .filter((name) => !name.endsWith('.test.ts'))
    .sort()
    .map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
  const manifest = readFileSync(join(folder, 'package.json'), 'utf8');
  const { allowScripts = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    allowScripts?: Record<string, boolean>;
  };
  const needlessScripts = Object.keys(allowScripts).filter((name) => !allowScripts[name]);
  return { sources: new Map(sources), packages: readPackages(manifest), needlessScripts };
}
