/** Things of one area together, in the order of the areas' names. */
export function groupByArea<T extends { area: string }>(items: readonly T[]): [string, T[]][] {
  const groups = Object.groupBy(items, ({ area }) => area);
  return Object.entries(groups)
    .map(([area, group = []]): [string, T[]] => [area, group])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
