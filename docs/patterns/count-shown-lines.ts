import { type LineProof, proveLines } from '../code-blocks/line-proofs.ts';
import type { Evidence } from './evidence.ts';

/** How many lines of code a page shows, by how they are proven. */
export type ShownLines = Record<LineProof['kind'], number>;

const SOURCES = /^[\s>]*`{3,}\S* .*?\bsource="([^"]+)"/gm;

/** Counts the lines of all snippets of a page; those of a stale proof count for nothing. */
export function countShownLines(evidence: Evidence, body: string): ShownLines {
  const counts = { executed: 0, applied: 0, loaded: 0, declared: 0 };
  for (const [, source = ''] of body.matchAll(SOURCES))
    for (const { kind } of proveLines(evidence, source) ?? []) counts[kind]++;
  return counts;
}
