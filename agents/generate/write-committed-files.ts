import type { CommittedPattern } from './committed-pattern.ts';
import { writeBlock } from './write-block.ts';
import { writeMarketplace, writePlugin } from './write-plugin.ts';
import { writeReadme } from './write-readme.ts';
import { writeRules } from './write-rules.ts';
import { writeSkills } from './write-skills.ts';

/** The folders that hold only what is generated: what else stands there is a rest. */
export const COMMITTED_FOLDERS = ['agents/skills', 'agents/rules'];

/** What is known of the package besides its patterns. */
export type PackageFacts = {
  version: string;
  /** Its README; undefined where there is none. */
  readme: string | undefined;
};

/** The generated files that are kept in git, by path: a reader needs no build to have them. */
export function writeCommittedFiles(
  patterns: readonly CommittedPattern[],
  { version, readme }: PackageFacts,
): Map<string, string> {
  return new Map([
    ...(readme === undefined ? [] : [['agents/README.md', writeReadme(readme)] as const]),
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
