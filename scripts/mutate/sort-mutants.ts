import type { Mutant } from './mutant.ts';

/** Mutants by place; of two that make the same text, only the first is kept. */
export function sortMutants(source: string, mutants: Mutant[]): Mutant[] {
  return dropRepeated(source, mutants).toSorted(compare);
}

function dropRepeated(source: string, mutants: Mutant[]): Mutant[] {
  const seen = new Map<string, Mutant>();
  for (const mutant of mutants) {
    const key = findDifference(source, mutant);
    if (key !== undefined && !seen.has(key)) seen.set(key, mutant);
  }
  return [...seen.values()];
}

/** The shortest edit that makes the same text: equal for two mutants when their texts are equal. */
function findDifference(source: string, { start, end, replacement }: Mutant): string | undefined {
  const before = source.slice(start, end);
  const after = source.slice(end);
  const result = replacement + after;
  let from = 0;
  while (from < result.length && source[start + from] === result[from]) from += 1;
  if (from === result.length && before.length === replacement.length) return undefined;
  let to = 0;
  const most = Math.min(source.length - start, result.length) - from;
  while (to < most && source.at(-1 - to) === result.at(-1 - to)) to += 1;
  return `${start + from} ${source.length - to} ${result.slice(from, result.length - to)}`;
}

function compare(a: Mutant, b: Mutant): number {
  return a.start - b.start || a.end - b.end || (a.replacement < b.replacement ? -1 : 1);
}
