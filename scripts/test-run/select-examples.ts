import { createHash } from 'node:crypto';

/** What decides which examples a run tests. */
export type Situation = {
  ids: readonly string[];
  isFresh: (id: string) => boolean;
  /** The patterns whose page or example differs from the base. */
  changed: ReadonlySet<string>;
  /** Decides the sample: the same seed draws the same examples. */
  seed: string;
};

/** The examples that a run tests, by the first reason that applies to each. */
export type Selection = { changed: string[]; stale: string[]; sampled: string[] };

const SAMPLE_SHARE = 1 / 10;

/** All that changed, all whose proof is stale, and at least one in ten of the others. */
export function selectExamples({ ids, isFresh, changed, seed }: Situation): Selection {
  const unchanged = ids.filter((id) => !changed.has(id));
  const fresh = unchanged.filter((id) => isFresh(id));
  return {
    changed: ids.filter((id) => changed.has(id)),
    stale: unchanged.filter((id) => !fresh.includes(id)),
    sampled: drawSample(fresh, seed),
  };
}

/** Each id has a place of its own in the draw, so a new pattern moves no other. */
function drawSample(ids: readonly string[], seed: string): string[] {
  const size = Math.ceil(ids.length * SAMPLE_SHARE);
  const places = new Map(ids.map((id) => [id, hash(`${seed} ${id}`)]));
  const drawn = ids.toSorted((a, b) => compare(places.get(a) ?? '', places.get(b) ?? ''));
  return drawn.slice(0, size).sort();
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

const compare = (a: string, b: string): number => (a < b ? -1 : 1);
