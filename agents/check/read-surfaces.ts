import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeptPattern, toKeptPattern } from '../generate/kept-pattern.ts';
import { findFileFaults } from '../generate/own-files.ts';
import type { SourcePattern } from '../generate/read-pattern.ts';
import { writeKeptFiles } from '../generate/write-kept-files.ts';
import { writeBrief } from '../generate/write-texts.ts';

/** What the texts for tools take from a pattern: all of it but its sources, which are 20 times as long. */
export type Surface = {
  kept: KeptPattern;
  brief: string;
  /** What keeps a reader from taking its files. */
  faults: string[];
};

/** The patterns, and the generated files in git as they should be, by path. */
export type Surfaces = { patterns: Surface[]; files: Map<string, string> };

/** What the texts for tools take from one pattern. */
export function readSurface(source: SourcePattern): Surface {
  return { kept: toKeptPattern(source), brief: writeBrief(source), faults: findFileFaults(source) };
}

/** The texts that are made of all patterns. */
export function writeSurfaces(patterns: Surface[], version: string): Surfaces {
  const kept = patterns.map((pattern) => pattern.kept);
  return { patterns, files: writeKeptFiles(kept, version) };
}

/** The version of the package; undefined where there is no package to write texts for. */
export function readVersion(root: string): string | undefined {
  const manifest = readText(root, 'agents/package.json');
  if (manifest === undefined) return undefined;
  const { version } = JSON.parse(manifest) as { version: string };
  return version;
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
