import { areaOf } from '../../scripts/pattern/ids.ts';

type Page = { id: string; data: { title: string; requires: string[] } };

const known = new WeakMap<Page[], Page[]>();

/** The pages of each area in turn: none before what it builds on, and first of its equals what most others build on. Ordered once for a list. */
export function orderForLearning<Listed extends Page>(pages: Listed[]): Listed[] {
  const ordered = known.get(pages) ?? orderAnew(pages);
  known.set(pages, ordered);
  return ordered as Listed[];
}

function orderAnew(pages: Page[]): Page[] {
  const depths = measureDepths(pages);
  const required = pages.flatMap(({ data }) => data.requires);
  const ranked = pages.map((page) => {
    const uses = required.filter((id) => id === page.id).length;
    return { page, area: areaOf(page.id), depth: depths.get(page.id) ?? 0, uses };
  });
  return ranked
    .sort(
      (a, b) =>
        a.area.localeCompare(b.area, 'en') ||
        a.depth - b.depth ||
        b.uses - a.uses ||
        a.page.data.title.localeCompare(b.page.data.title, 'en'),
    )
    .map(({ page }) => page);
}

/** How many patterns are below each: 0 for one that builds on none. */
function measureDepths(pages: Page[]): Map<string, number> {
  const byId = new Map(pages.map((page) => [page.id, page]));
  const depths = new Map<string, number>();
  for (const { id } of pages) measure(id);
  return depths;

  function measure(id: string): number {
    const found = depths.get(id);
    if (found !== undefined) return found;
    depths.set(id, 0); // a circle, which the check reports, ends here
    const below = (byId.get(id)?.data.requires ?? []).map(measure);
    const depth = below.length > 0 ? 1 + Math.max(...below) : 0;
    depths.set(id, depth);
    return depth;
  }
}
