import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../command-line/usage-error.ts';
import { findPatternFile } from '../pattern/ids.ts';
import { listPatternIds } from '../pattern/list-pattern-ids.ts';
import { listChanges, readHead } from './changed-files.ts';
import { openFreshness } from './is-fresh.ts';
import { type Selection, selectExamples } from './select-examples.ts';
import { parseShard, type Shard, takeShard } from './shard.ts';

/** What a run tests of the things that grow with the library. */
export type Plan = {
  /** The patterns whose tests run, here and as copies. */
  examples: string[];
  /** The pages that the browser looks at besides one of each kind; all pages when left out. */
  pages?: string[];
  /** Whether it is all, or a part of all, and not a selection. */
  isAll?: boolean;
  /** The part of all that this run is. */
  shard?: Shard;
  /** Says what was chosen and why, a line each. */
  description: string[];
};

/** What the caller of a run asked for. */
export type PlanOptions = { all?: boolean; shard?: string; seed?: string; base?: string };

/** Chooses what a run tests: all, a shard of all, or what a change can have broken and a sample. */
export function planRun(root: string, { all, shard, seed, base }: PlanOptions): Plan {
  const ids = listPatternIds(root);
  const isAll = all === true || shard !== undefined;
  if (isAll && (seed ?? base) !== undefined)
    throw new UsageError('--seed and --base choose from the examples: leave out --all and --shard');
  if (shard !== undefined) return planShard(ids, parseShard(shard));
  if (isAll) return { examples: ids, isAll, description: [`All ${ids.length} patterns`] };
  return planSelection(root, ids, { seed: seed ?? readHead(root) ?? randomUUID(), base });
}

function planShard(ids: string[], shard: Shard): Plan {
  const examples = takeShard(ids, shard);
  const part = `Shard ${shard.index} of ${shard.count}`;
  return {
    examples,
    isAll: true,
    shard,
    description: [`${part}: ${examples.length} of ${ids.length} patterns`],
  };
}

type Draw = { seed: string; base: string | undefined };

function planSelection(root: string, ids: string[], { seed, base }: Draw): Plan {
  const changes = listChanges(root, base);
  const files = changes?.files ?? [];
  const selection = selectExamples({
    ids,
    isFresh: openFreshness(root),
    changed: new Set(files.flatMap((file) => findPatternFile(file)?.id ?? [])),
    seed,
  });
  const { changed, stale, sampled } = selection;
  return {
    examples: [...changed, ...stale, ...sampled].sort(),
    pages: [...changed, ...stale]
      .map((id) => `/patterns/${id}/`)
      .concat(files.flatMap((file) => findGuide(root, file))),
    description: describe(selection, { total: ids.length, seed, base: changes?.base }),
  };
}

/** The address of the page that the text in the file becomes, while it is there. */
function findGuide(root: string, file: string): string[] {
  const [, slug] = /^docs\/content\/docs\/(.+)\.mdx?$/.exec(file) ?? [];
  if (slug === undefined || !existsSync(join(root, file))) return [];
  return [slug === 'index' ? '/' : `/${slug}/`];
}

type Facts = { total: number; seed: string; base: string | undefined };

function describe({ changed, stale, sampled }: Selection, { total, seed, base }: Facts): string[] {
  const count = changed.length + stale.length + sampled.length;
  const since = base
    ? `changed since ${base.slice(0, 12)}`
    : 'changed (unknown: git tells nothing here)';
  const line = (reason: string, ids: string[]) => `  ${reason}: ${ids.join(', ') || 'none'}`;
  return [
    `The tests of ${count} of ${total} patterns run; npm test -- --all runs all of them`,
    line(since, changed),
    line('with a stale proof', stale),
    line(`sample of the others (--seed ${seed})`, sampled),
  ];
}
