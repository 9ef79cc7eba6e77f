import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeptPattern, toKeptPattern } from '../generate/kept-pattern.ts';
import { readPatterns, type SourcePattern } from '../generate/read-pattern.ts';
import { writeKeptFiles } from '../generate/write-kept-files.ts';

/** The patterns, and the generated files in git as they should be, by path. */
export type Surfaces = {
  sources: SourcePattern[];
  kept: KeptPattern[];
  files: Map<string, string>;
};

/** Reads what the texts for tools are made of; undefined where there is no package to make them for. */
export function readSurfaces(root: string): Surfaces | undefined {
  const manifest = readText(root, 'agents/package.json');
  if (manifest === undefined) return undefined;
  const { version } = JSON.parse(manifest) as { version: string };
  const sources = readPatterns(root);
  const kept = sources.map(toKeptPattern);
  return { sources, kept, files: writeKeptFiles(kept, version) };
}

/** A text of the repository, or undefined where there is none. */
export function readText(root: string, path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
