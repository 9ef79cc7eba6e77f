import type { Mutant } from './mutant.ts';

/** The source with the change made. */
export function applyMutant(source: string, { start, end, replacement }: Mutant): string {
  return source.slice(0, start) + replacement + source.slice(end);
}
