import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findPatternFile } from './ids.ts';

/** The ids of all patterns, sorted: those of every page and of every example with a package.json. */
export function listPatternIds(root: string): string[] {
  const pages = listTwoDeep(root, 'patterns').flatMap((path) => findPatternFile(path)?.id ?? []);
  const examples = listTwoDeep(root, 'examples').flatMap((folder) => {
    const manifest = `${folder}/package.json`;
    const { id } = findPatternFile(manifest) ?? {};
    return id !== undefined && existsSync(join(root, manifest)) ? [id] : [];
  });
  return [...new Set([...pages, ...examples])].sort();
}

/** Read folder by folder: a glob takes three times as long over a thousand patterns. */
function listTwoDeep(root: string, folder: string): string[] {
  return listNames(join(root, folder)).flatMap((area) =>
    listNames(join(root, folder, area)).map((name) => `${folder}/${area}/${name}`),
  );
}

/** What a folder holds but for dot-files and packages; nothing where there is no folder. */
function listNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.') && name !== 'node_modules');
  } catch {
    return [];
  }
}
