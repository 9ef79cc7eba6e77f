import { describe, expect, it } from 'vitest';
import { countTokens } from './count-tokens.ts';
import { type BundledPattern, writeBundles } from './write-bundles.ts';

/** A pattern whose texts have about so many tokens. */
function makePattern(id: string, sizes: [brief: number, standard: number, full: number]) {
  const [brief, standard, full] = sizes.map((size) => `# ${id}\n${'word '.repeat(size)}`);
  const texts = { brief: brief ?? '', standard: standard ?? '', full: full ?? '' };
  return { id, level: 4, failures: 10, texts };
}

const sizes: [number, number, number] = [200, 1_000, 3_300];
const names = (count: number) => Array.from({ length: count }, (_, index) => `jobs/p${index}`);
const make = (count: number): BundledPattern[] => names(count).map((id) => makePattern(id, sizes));

describe('the bundles of an area', () => {
  it.each([1, 3, 8, 30])(
    'of %d patterns keep to their budgets, and say how long they are',
    (count) => {
      for (const { budget, text } of writeBundles('jobs', make(count))) {
        const tokens = countTokens(text);
        expect(tokens).toBeLessThanOrEqual(budget);
        const [, told] = /about (\d+) tokens/.exec(text) ?? [];
        expect(Math.abs(Number(told) - tokens)).toBeLessThanOrEqual(2);
      }
    },
  );

  it('tell as much of each pattern as all have room for', () => {
    const details = writeBundles('jobs', make(4)).map(({ detail }) => detail);
    expect(details).toEqual(['brief', 'full', 'full']);
  });

  it('hold whole patterns only, and name those that are left out', () => {
    const [small] = writeBundles('jobs', make(30));
    const [, included = ''] = /^Included: (.*)\.$/m.exec(small?.text ?? '') ?? [];
    const [, left = ''] = /^Left out for lack of space: (.*)\.$/m.exec(small?.text ?? '') ?? [];
    expect([...included.split(', '), ...left.split(', ')].sort()).toEqual(names(30).sort());
    expect(small?.text.match(/^# jobs\/p\d+$/gm)).toHaveLength(included.split(', ').length);
  });

  it('take those first that carry farthest', () => {
    const patterns = make(30).map((one) => (one.id === 'jobs/p9' ? one : { ...one, level: 2 }));
    const [small] = writeBundles('jobs', patterns);
    expect(small?.text).toMatch(/^Included: jobs\/p9,/m);
  });
});
