import { parseShard, takeShard } from '../../../scripts/test-run/shard.ts';
import { listPages, readPage } from './built-site.ts';

/**
 * The pages that this worker looks at: its part of those that the run chose. Without
 * TOUCHSTONE_PAGES the run chose all; with it one of each kind, and those that it names.
 */
export function listChosenPages(): string[] {
  const { TOUCHSTONE_PAGES, TOUCHSTONE_SHARD, TOUCHSTONE_WORKER } = process.env;
  const chosen = TOUCHSTONE_PAGES === undefined ? listPages() : choosePages(TOUCHSTONE_PAGES);
  return takePart(takePart(chosen, TOUCHSTONE_SHARD), TOUCHSTONE_WORKER);
}

/** The largest page of each kind, which has most of what the kind can have. */
export function listKinds(): string[] {
  const kinds = Map.groupBy(listPages(), findKind);
  return [...kinds.values()].flatMap((pages) => pages.sort(compareSize).slice(0, 1));
}

function choosePages(names: string): string[] {
  const named = names.split(' ').filter(Boolean);
  const all = listPages();
  const unknown = named.filter((page) => !all.includes(page));
  if (unknown.length > 0)
    throw new Error(`the built site has no page ${unknown.join(', ')}: build it again`);
  return [...new Set([...listKinds(), ...named])];
}

/** Pages in one folder are of one kind: all patterns are, all areas, all guides. */
const findKind = (page: string): string => page.replace(/(?<=^\/[^/]+\/.*)[^/]+/g, '*');

const compareSize = (a: string, b: string): number => readPage(b).length - readPage(a).length;

const takePart = (pages: string[], part: string | undefined): string[] =>
  takeShard(pages, part === undefined ? undefined : parseShard(part));
