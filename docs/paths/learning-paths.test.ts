import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFrontmatter } from '../../scripts/page/frontmatter.ts';
import { listPatternIds } from '../../scripts/pattern/list-pattern-ids.ts';
import { readPatternFiles } from '../../scripts/pattern/read-pattern-files.ts';
import catalogue from '../catalogue.json' with { type: 'json' };
import { learningPaths } from './learning-paths.ts';

const ROOT = join(import.meta.dirname, '../..');
const topics = new Set(catalogue.topics.map(({ id }) => id));

/** What each pattern builds on. */
const requires = new Map(listPatternIds(ROOT).map((id) => [id, readRequires(id)]));

describe.each(learningPaths)('the path $title', ({ steps }) => {
  const ids = steps.map(({ id }) => id);

  it('names topics of the catalogue, each once', () => {
    expect(ids.filter((id) => !topics.has(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has before each step what it builds on', () => {
    const missing = ids.flatMap((id, index) =>
      (requires.get(id) ?? [])
        .filter((required) => !ids.slice(0, index).includes(required))
        .map((required) => `${id} builds on ${required}`),
    );
    expect(missing).toEqual([]);
  });

  it('says in one sentence what each step adds', () => {
    expect(steps.filter(({ adds }) => !/^[A-Z][^.!?]*\.$/.test(adds))).toEqual([]);
  });
});

function readRequires(id: string): string[] {
  const { page = '' } = readPatternFiles(ROOT, id);
  return readFrontmatter(id, page).data?.requires ?? [];
}
