import type { KeptPattern } from './kept-pattern.ts';
import { writeBlock } from './write-block.ts';
import { writeMarketplace, writePlugin } from './write-plugin.ts';
import { writeRules } from './write-rules.ts';
import { writeSkills } from './write-skills.ts';

/** The folders that hold only what is generated: what else stands there is a rest. */
export const KEPT_FOLDERS = ['agents/skills', 'agents/rules'];

/** The generated files that are kept in git, by path: a reader needs no build to have them. */
export function writeKeptFiles(
  patterns: readonly KeptPattern[],
  version: string,
): Map<string, string> {
  return new Map([
    ['CLAUDE.md', '@AGENTS.md\n'],
    ['.claude-plugin/marketplace.json', writeMarketplace()],
    ['agents/.claude-plugin/plugin.json', writePlugin(version)],
    ['agents/AGENTS.block.md', writeBlock(patterns, version)],
    ...within('agents/skills', writeSkills(patterns, version)),
    ...within('agents/rules', writeRules(patterns)),
  ]);
}

const within = (folder: string, files: [string, string][]): [string, string][] =>
  files.map(([path, text]) => [`${folder}/${path}`, text]);
