import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommittedPattern, toCommittedPattern } from '../generate/committed-pattern.ts';
import { findFileFaults } from '../generate/own-files.ts';
import type { SourcePattern } from '../generate/read-pattern.ts';
import { type PackageFacts, writeCommittedFiles } from '../generate/write-committed-files.ts';
import { writeBrief } from '../generate/write-texts.ts';

/** What the texts for tools take from a pattern: all of it but its sources, which are 20 times as long. */
export type PatternTexts = {
  committed: CommittedPattern;
  brief: string;
  /** What keeps a reader from taking its files. */
  faults: string[];
};

/** The patterns, and the generated files in git as they should be, by path. */
export type ToolTexts = { patterns: PatternTexts[]; files: Map<string, string> };

/** What the texts for tools take from one pattern. */
export function readPatternTexts(source: SourcePattern): PatternTexts {
  return {
    committed: toCommittedPattern(source),
    brief: writeBrief(source),
    faults: findFileFaults(source),
  };
}

/** The texts that are made of all patterns. */
export function writeToolTexts(patterns: PatternTexts[], facts: PackageFacts): ToolTexts {
  const committed = patterns.map((pattern) => pattern.committed);
  return { patterns, files: writeCommittedFiles(committed, facts) };
}

/** What is known of the package; undefined where there is none to write texts for. */
export function readPackageFacts(root: string): PackageFacts | undefined {
  const manifest = readText(root, 'agents/package.json');
  if (manifest === undefined) return undefined;
  const { version } = JSON.parse(manifest) as { version: string };
  return { version, readme: readText(root, 'agents/README.md') };
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
