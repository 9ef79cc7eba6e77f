/** The tempting way: count in memory. */
export function createNaiveCounters() {
  // #region naive-count
  const counters = new Map<string, number>();

  function count(name: string): number {
    const value = (counters.get(name) ?? 0) + 1;
    counters.set(name, value);
    return value;
  }
  // #endregion naive-count

  return { count };
}
