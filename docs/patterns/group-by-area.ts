import { areaOf } from '../../scripts/pattern/ids.ts';

/** What a page lists of one area. */
export type AreaGroup<Item> = { area: string; items: Item[] };

/** More rows than this make a page of many screens: its areas are folded. */
const MOST_UNFOLDED = 60;

/** The items of each area, the areas by name. */
export function groupByArea<Item extends { id: string }>(items: Item[]): AreaGroup<Item>[] {
  return [...Map.groupBy(items, ({ id }) => areaOf(id))]
    .map(([area, items]) => ({ area, items }))
    .sort((a, b) => a.area.localeCompare(b.area, 'en'));
}

/** Whether a page of so many rows shows them all at once. */
export const isShort = (rows: number): boolean => rows <= MOST_UNFOLDED;
