import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sortFindings } from '../engine/findings.ts';
import { buildPage } from '../engine/page.ts';
import { type Fixture, readFixtures } from '../testing/read-fixtures.ts';
import { createPageRules } from './rules.ts';

const fixtures = readFixtures(join(import.meta.dirname, 'fixtures'));
const catalogue = JSON.stringify({ topics: [{ id: 'jobs/queue' }] });
const EXISTING = ['examples/area/link-missing/jobs.ts', 'README.md'];

describe('createPageRules', () => {
  it.each(fixtures)('finds just what $name expects', ({ input, expected }) => {
    expect(checkFixture(input)).toEqual(expected);
  });

  it('finds a topic that two pages claim, the id of a page among them', () => {
    const rules = createPageRules({ ids: [], catalogue: undefined, exists: () => true });
    const check = (id: string, topics: string) => {
      const text = `---\ntopics: [${topics}]\n---\n`;
      const file = `patterns/${id}.md`;
      const keys = { proof: '', bench: '' };
      const built = buildPage({ id, text, sources: new Map(), keys });
      const front = { ...rules.readFrontmatter(file, text), findings: [] };
      const data = { topics: topics.split(', '), requires: [], related: [], level: 1 } as never;
      return rules
        .checkPage({ id, file, text, built, hasBench: false }, { ...front, data })
        .filter(({ code }) => code === 'topic-twice');
    };
    expect(check('jobs/queue', 'jobs/cron')).toEqual([]);
    expect(check('jobs/other', 'jobs/retry, jobs/cron')).toEqual([
      {
        code: 'topic-twice',
        file: 'patterns/jobs/other.md',
        line: 2,
        column: 22,
        message: 'topic jobs/cron is claimed by patterns/jobs/queue.md already',
        fix: 'leave it to one of the two pages',
      },
    ]);
    expect(check('jobs/third', 'jobs/queue')).toHaveLength(1);
  });
});

function checkFixture(input: Fixture['input']) {
  const rules = createPageRules({
    ids: ['area/valid'],
    catalogue,
    exists: (path) => EXISTING.includes(path),
  });
  const { id, text, bench } = input;
  const file = `patterns/${id}.md`;
  const frontmatter = rules.readFrontmatter(file, text);
  const built = buildPage({ ...input, references: frontmatter.data?.references });
  const page = { id, file, text, built, hasBench: bench !== undefined };
  return sortFindings([...built.findings, ...rules.checkPage(page, frontmatter)]);
}
