import type { RollUp } from './test-storage.ts';

/** What the roll-ups of readings must be: computed at once, in memory. */
export function rollUpInMemory(
  readings: Map<number, number>,
  seconds: number,
): RollUp[] {
  const step = seconds * 1000;
  const groups = Map.groupBy(
    readings,
    ([at]) => Math.floor(at / step) * step,
  );
  return [...groups]
    .toSorted(([a], [b]) => a - b)
    .map(([at, group]) => {
      const values = group.map(([, value]) => value);
      return {
        at: new Date(at),
        count: values.length,
        sum: values.reduce((sum, value) => sum + value, 0),
        min: Math.min(...values),
        max: Math.max(...values),
      };
    });
}
