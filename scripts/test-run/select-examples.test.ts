import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectExamples } from './select-examples.ts';

const IDS = Array.from({ length: 234 }, (_, index) => `area-${index % 20}/pattern-${index}`);
const none: ReadonlySet<string> = new Set();

const situations = fc.record<Drawn>({
  ids: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,5}\/[a-z]{1,8}$/), { maxLength: 60 }),
  seed: fc.string(),
  staleness: fc.func(fc.boolean()),
  changes: fc.func(fc.boolean()),
});

type Drawn = {
  ids: string[];
  seed: string;
  staleness: (id: string) => boolean;
  changes: (id: string) => boolean;
};

function select({ ids, seed, staleness, changes }: Drawn) {
  const changed = new Set(ids.filter((id) => changes(id)));
  const isFresh = (id: string) => !staleness(id);
  return { selection: selectExamples({ ids, isFresh, changed, seed }), changed, isFresh };
}

describe('selectExamples', () => {
  it('has every changed and every stale example, whatever the seed', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { selection, changed, isFresh } = select(situation);
        const { ids } = situation;
        expect(selection.changed).toEqual(ids.filter((id) => changed.has(id)));
        expect(selection.stale).toEqual(ids.filter((id) => !changed.has(id) && !isFresh(id)));
      }),
    );
  });

  it('samples at least one in ten of the others, and each for one reason only', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { changed, stale, sampled } = select(situation).selection;
        const others = situation.ids.length - changed.length - stale.length;
        expect(sampled.length).toBe(Math.ceil(others / 10));
        const all = [...changed, ...stale, ...sampled];
        expect(new Set(all).size).toBe(all.length);
        expect(situation.ids).toEqual(expect.arrayContaining(all));
      }),
    );
  });

  it('draws the same sample for the same seed, in whatever order the ids come', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const again = { ...situation, ids: situation.ids.toReversed() };
        expect(select(again).selection.sampled).toEqual(select(situation).selection.sampled);
      }),
    );
  });

  it('draws each example with some seed: fifty commits leave few of 234 untested', () => {
    const seeds = Array.from({ length: 50 }, (_, index) => `commit ${index}`);
    const drawn = seeds.flatMap(
      (seed) => selectExamples({ ids: IDS, isFresh: () => true, changed: none, seed }).sampled,
    );
    expect(new Set(drawn).size).toBeGreaterThan(225);
  });

  it('moves at most one of the sample when a pattern is added', () => {
    const draw = (ids: string[]) =>
      selectExamples({ ids, isFresh: () => true, changed: none, seed: 'a' }).sampled;
    const before = new Set(draw(IDS));
    expect(draw([...IDS, 'new/pattern']).filter((id) => !before.has(id)).length).toBeLessThan(2);
  });
});
