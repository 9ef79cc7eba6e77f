import { NPX } from '../library/package-name.ts';
import { listGlobs } from './area-words.ts';
import type { CommittedPattern } from './committed-pattern.ts';
import { describeArea } from './describe-area.ts';
import { groupByArea } from './group-by-area.ts';

/** Files by their path in `rules/`, for tools that read a format of their own. */
export function writeRules(patterns: readonly CommittedPattern[]): [string, string][] {
  return groupByArea(patterns).flatMap(([area, group]): [string, string][] => {
    const rules = { area, description: describeArea(area, group, 200), text: writeText(group) };
    return [
      [`cursor/${area}.mdc`, writeCursor(rules)],
      [`github/${area}.instructions.md`, writeGithub(rules)],
    ];
  });
}

type Rules = { area: string; description: string; text: string };

/** Cursor takes the globs as they stand: with quotes, they would be part of them. */
const writeCursor = ({ area, description, text }: Rules): string => `---
description: ${JSON.stringify(description)}
globs: ${listGlobs(area).join(',')}
alwaysApply: false
---
${text}`;

const writeGithub = ({ area, description, text }: Rules): string => `---
description: ${JSON.stringify(description)}
applyTo: ${JSON.stringify(listGlobs(area).join(','))}
---
${text}`;

function writeText(group: readonly CommittedPattern[]): string {
  const lines = group.map(({ id, title, symptoms }) => `- \`${id}\`: ${symptoms[0] ?? title}`);
  return `
Before you write or change code about one of these, read its pattern, and prefer it to your memory: \`${NPX} show <id>\`. \`${NPX} add <id> --with-tests\` copies its code and its tests.

${lines.join('\n')}
`;
}
