import { describe, expect, it } from 'vitest';
import { checkCore, parseCore } from './core.ts';
import { DEMANDS } from './levels.ts';

const shown = [{ line: 1, file: 'queue.ts', region: 'claim', lines: Array(20).fill(1) }];
const place = { line: 7, column: 1 };

function check(core: string | undefined, level: 1 | 3 = 3) {
  const data = { core } as never;
  const page = { file: 'page.md', built: { shown }, demands: DEMANDS[level] };
  return checkCore(page, { data, findings: [], locate: () => place });
}

describe('the core of a page', () => {
  it.each([
    ['queue.ts#claim', { source: 'queue.ts#claim', first: 1 }],
    ['schema.sql', { source: 'schema.sql', first: 1 }],
    ['queue.ts#claim 3-12', { source: 'queue.ts#claim', first: 3, last: 12 }],
  ])('is read from %s', (core, expected) => {
    expect(parseCore(core)).toEqual(expected);
  });

  it.each(['queue.ts#claim 3-12', 'queue.ts#claim 7-20'])('can be %s', (core) => {
    expect(check(core)).toEqual([]);
  });

  it('is demanded from level 3 on', () => {
    expect(check(undefined, 1)).toEqual([]);
    expect(check(undefined)).toMatchObject([{ code: 'core-missing', file: 'page.md', ...place }]);
  });

  it('is what a fence of the page shows', () => {
    expect(check('queue.ts#clam')).toEqual([
      {
        code: 'core-unshown',
        file: 'page.md',
        ...place,
        message: 'no fence of the page shows queue.ts#clam',
        fix: 'name the source of a fence',
        hint: 'did you mean queue.ts#claim?',
      },
    ]);
    const [beyond] = check('queue.ts#claim 12-21');
    expect(beyond).toMatchObject({
      code: 'core-unshown',
      message: 'queue.ts#claim has 20 lines, and `core` names line 21',
    });
  });

  it.each([
    ['queue.ts#claim', 20],
    ['queue.ts#claim 1-15', 15],
    ['queue.ts#claim 5-4', 0],
  ])('is not as long as %s', (core, count) => {
    const message = `the core has ${count} lines, and 1 to 14 are demanded`;
    expect(check(core)).toMatchObject([{ code: 'core-length', message }]);
  });
});
