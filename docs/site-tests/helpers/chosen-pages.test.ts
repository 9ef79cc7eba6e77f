import { afterEach, describe, expect, it, vi } from 'vitest';
import { isPattern, listPages, readPage } from './built-site.ts';
import { listChosenPages, listKinds } from './chosen-pages.ts';

const PATTERN = '/patterns/jobs/background-jobs/';

afterEach(() => vi.unstubAllEnvs());

function choose(variables: Record<string, string>): string[] {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(`TOUCHSTONE_${name}`, value);
  return listChosenPages();
}

describe('the chosen pages', () => {
  it('are all pages when the run chose none', () => {
    expect(choose({})).toEqual(listPages());
  });

  it('are one of each kind, and those that the run names', () => {
    const kinds = choose({ PAGES: '' });
    expect(kinds).toEqual(expect.arrayContaining(['/', '/404.html', '/patterns/', '/map/']));
    expect(kinds.filter(isPattern)).toHaveLength(1);
    expect(kinds.filter((page) => page.startsWith('/guides/'))).toHaveLength(1);
    const [other = ''] = listPages().filter((page) => isPattern(page) && !kinds.includes(page));
    expect(choose({ PAGES: other })).toEqual([...kinds, other]);
    expect(choose({ PAGES: kinds.join(' ') })).toEqual(kinds);
  });

  it('cannot be named when they are not built', () => {
    expect(() => choose({ PAGES: `${PATTERN} /gone/` })).toThrow('no page /gone/: build it again');
  });

  it('are each in one shard, and there with one worker', () => {
    const parts = ['1/3', '2/3', '3/3'].flatMap((SHARD) =>
      ['1/2', '2/2'].flatMap((WORKER) => choose({ SHARD, WORKER })),
    );
    expect(parts.sort()).toEqual(listPages());
  });
});

it('takes the largest page of a kind, which has most to look at', () => {
  const sizes = listPages()
    .filter(isPattern)
    .map((page) => readPage(page).length);
  const [largest = ''] = listKinds().filter(isPattern);
  expect(readPage(largest).length).toBe(Math.max(...sizes));
});
