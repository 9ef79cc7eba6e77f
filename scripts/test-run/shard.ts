import { UsageError } from '../command-line/usage-error.ts';

/** One of the equal parts of a run: the second of eight is `{ index: 2, count: 8 }`. */
export type Shard = { index: number; count: number };

/** Reads `2/8`; anything else throws a sentence. */
export function parseShard(text: string): Shard {
  const [, index = 0, count = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index >= 1 && index <= count) return { index, count };
  throw new UsageError(`"${text}" is not a shard: write i/n, such as 2/8 for the second of eight`);
}

/** Every n-th item, from the shard's own on: the shards of one count share the items among them. */
export function takeShard<T>(items: readonly T[], shard?: Shard): T[] {
  if (!shard) return [...items];
  return items.filter((_, position) => position % shard.count === shard.index - 1);
}
