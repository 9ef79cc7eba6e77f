import { NPX } from '../library/package-name.ts';
import { BUDGETS } from './budgets.ts';
import type { CommittedPattern } from './committed-pattern.ts';
import { describeArea } from './describe-area.ts';
import { fitHints, withHint } from './fit-hints.ts';
import { groupByArea } from './group-by-area.ts';

/** Files by their path in `skills/`: a skill that leads to the others, and one for each area. */
export function writeSkills(
  patterns: readonly CommittedPattern[],
  version: string,
): [string, string][] {
  const areas = groupByArea(patterns);
  const { description, descriptions } = BUDGETS.skill;
  const longest = Math.min(description, Math.floor(descriptions / (areas.length + 1)));
  return [
    ['touchstone/SKILL.md', writeRouter(areas, version)],
    ...areas.flatMap(([area, group]): [string, string][] => [
      [`touchstone-${area}/SKILL.md`, writeSkill({ area, group, longest, version })],
      ...group.map(({ slug, standard }): [string, string] => [
        `touchstone-${area}/references/${slug}.md`,
        standard,
      ]),
    ]),
  ];
}

const ROUTER =
  'TypeScript backend patterns, each with code to copy and the tests that prove it. Use first when you build, review or debug a backend, even if all you have is a symptom or an error message.';

function writeRouter(areas: [string, CommittedPattern[]][], version: string): string {
  return fitHints(BUDGETS.skill.tokens, (hint) => {
    const lines = areas.map(([area, group]) => {
      const slugs = group.map(({ slug }) => slug);
      const named = { title: slugs[0] ?? '', symptoms: [], keywords: slugs };
      return `- ${withHint(`touchstone-${area}`, hint(named))}`;
    });
    return `${writeHead('touchstone', ROUTER, version)}
# Touchstone

Before you write backend code, check for a pattern for it, and prefer it to memory.

1. Find it: \`${NPX} search "<symptom, error message or keywords>"\`, or open the skill of its area below.
2. Read it: \`${NPX} show <area>/<slug>\`, or \`references/<slug>.md\` of that skill. When its "Not when" fits your case, use what it names instead.
3. Add it: \`${NPX} add <area>/<slug> --with-tests\` copies code, migration and tests, and says what to install.
4. Run the copied tests: they check what the pattern promises. \`${NPX} verify\` checks that no copied file is missing.

Each area is a skill:

${lines.join('\n')}
`;
  });
}

type Skill = { area: string; group: CommittedPattern[]; longest: number; version: string };

function writeSkill({ area, group, longest, version }: Skill): string {
  const head = writeHead(`touchstone-${area}`, describeArea(area, group, longest), version);
  return fitHints(BUDGETS.skill.tokens, (hint) => {
    const lines = group.map((pattern) => {
      const link = `[${pattern.slug}](references/${pattern.slug}.md)`;
      return `- ${withHint(link, hint(pattern))}`;
    });
    return `${head}
# Patterns: ${area}

Before you write code, read the reference that fits, and prefer it to your memory. It has the rules, the code and the failures that are tested.

${lines.join('\n')}

Add one, with its migration and its tests: \`${NPX} add ${area}/<slug> --with-tests\`. The whole page: \`${NPX} show ${area}/<slug> --detail full\`.
`;
  });
}

/** A string in JSON is a string in YAML. */
const writeHead = (name: string, description: string, version: string): string => `---
name: ${name}
description: ${JSON.stringify(description)}
license: MIT
metadata:
  version: ${JSON.stringify(version)}
---
`;
