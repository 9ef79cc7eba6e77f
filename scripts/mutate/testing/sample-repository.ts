import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeThrowAwayFolder } from '@touchstone/kit/programs/throw-away-folder';
import { ROOT } from '../../files/root.ts';

/** A temporary repository with one example of these files, by name. For tests. */
export function makeSampleRepository(id: string, files: Record<string, string>): string {
  const repository = makeThrowAwayFolder('touchstone-repository-');
  const folder = join(repository, 'examples', id);
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(repository, 'node_modules'));
  writeFileSync(join(repository, 'package.json'), '{"type":"module"}');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return repository;
}
