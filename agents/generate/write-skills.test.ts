import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { BUDGETS } from './budgets.ts';
import { countTokens } from './count-tokens.ts';
import { createSamplePatterns } from './sample-patterns.ts';
import { writeSkills } from './write-skills.ts';

const FEW = createSamplePatterns(13);
const MANY = createSamplePatterns(120);

describe.each([
  ['13 patterns', FEW],
  ['120 patterns', MANY],
])('the skills of %s', (_, patterns) => {
  const files = new Map(writeSkills(patterns, '1.2.3'));
  const skills = [...files].flatMap(([path, text]) => {
    const folder = /^([^/]+)\/SKILL\.md$/.exec(path)?.[1];
    return folder === undefined ? [] : [{ folder, text, ...readSkill(text) }];
  });

  it('are a router and one for each area', () => {
    const areas = [...new Set(patterns.map(({ area }) => `touchstone-${area}`))];
    expect(skills.map(({ folder }) => folder).sort()).toEqual(['touchstone', ...areas].sort());
  });

  // The rules of https://agentskills.io/specification, as its reference validator has them.
  it.each(skills)('$folder keeps to the specification', ({ folder, head }) => {
    expect(Object.keys(head)).toEqual(['name', 'description', 'license', 'metadata']);
    expect(head.name).toBe(folder);
    expect(head.name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(head.name.length).toBeLessThanOrEqual(64);
    expect(head.description.trim()).toBe(head.description);
    expect(head.description.length).toBeGreaterThan(0);
    expect(head.metadata).toEqual({ version: '1.2.3' });
  });

  it.each(skills)('$folder keeps to its budget', ({ text, head }) => {
    expect(countTokens(text)).toBeLessThanOrEqual(BUDGETS.skill.tokens);
    expect(head.description.length).toBeLessThanOrEqual(BUDGETS.skill.description);
  });

  it('are described in 4,000 characters all together', () => {
    const all = skills.map(({ head }) => head.description).join('');
    expect(all.length).toBeLessThanOrEqual(BUDGETS.skill.descriptions);
  });

  it('say when to open them', () => {
    for (const { head } of skills) expect(head.description).toMatch(/\bUse (first )?when you\b/);
  });

  it('link to every reference that they have, and to none that they lack', () => {
    const linked = skills.flatMap(({ folder, text }) =>
      [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => `${folder}/${path}`),
    );
    const references = [...files.keys()].filter((path) => path.includes('/references/'));
    expect(linked.sort()).toEqual(references.sort());
    expect(references).toHaveLength(patterns.length);
  });
});

it('the router names the patterns of each area when there are few', () => {
  const router = new Map(writeSkills(FEW, '1')).get('touchstone/SKILL.md') ?? '';
  for (const { slug } of FEW) expect(router).toContain(slug);
});

type Head = { name: string; description: string; metadata: object };

function readSkill(text: string): { head: Head } {
  const [, head = ''] = /^---\n([\s\S]*?)\n---\n/.exec(text) ?? [];
  return { head: parse(head) as Head };
}
