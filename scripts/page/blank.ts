import type { PageResult } from '../engine/page.ts';

/**
 * The page with the bodies of its fences and generated blocks emptied, every line in its place.
 * What they hold was checked, and a syntax tree of it would be half of the cost.
 */
export function blankOut(
  text: string,
  { page, blocks }: Pick<PageResult, 'page' | 'blocks'>,
): string {
  const ranges = [...page.fences.filter(({ closed, prefix }) => closed && prefix === ''), ...blocks]
    .map(({ start, end }) => ({ start, end }))
    .sort((a, b) => a.start - b.start);
  let result = '';
  let at = 0;
  for (const { start, end } of ranges) {
    if (start < at) continue;
    result += text.slice(at, start) + '\n'.repeat(countLines(text, start, end));
    at = end;
  }
  return result + text.slice(at);
}

function countLines(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', start); at !== -1 && at < end; at = text.indexOf('\n', at + 1))
    count++;
  return count;
}
