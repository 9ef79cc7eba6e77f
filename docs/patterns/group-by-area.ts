import { areaOf } from '../../scripts/pattern/ids.ts';

/** What a page lists of one area. */
export type AreaGroup<Item> = { area: string; items: Item[] };

/** With more rows, or with the symptoms of more patterns, a page has too many screens: its areas are folded. */
const MOST_UNFOLDED = 60;

/** The items of each area, the areas by name. */
export function groupByArea<Item extends { id: string }>(items: Item[]): AreaGroup<Item>[] {
  return [...Map.groupBy(items, ({ id }) => areaOf(id))]
    .map(([area, items]) => ({ area, items }))
    .sort((a, b) => a.area.localeCompare(b.area, 'en'));
}

/** Whether a page shows so many rows, or the symptoms of so many patterns, all at once. */
export const isShort = (count: number): boolean => count <= MOST_UNFOLDED;
