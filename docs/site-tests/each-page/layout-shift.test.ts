import { describe, expect, it } from 'vitest';
import { listChosenPages } from '../helpers/chosen-pages.ts';
import { desktop, openSite, phone } from '../helpers/open-site.ts';

const { open } = openSite();

describe.each([phone, desktop])('at $width pixels', (viewport) => {
  it.each(listChosenPages())('%s keeps still while it loads', async (path) => {
    await using page = await open(path, { viewport });

    expect(await page.evaluate(listShifts)).toEqual([]);
  });
});

/** Runs in the page: what moved, and how far, as Lighthouse rounds it. */
async function listShifts(): Promise<string[]> {
  const { promise, resolve } = Promise.withResolvers<PerformanceEntry[]>();
  // With `buffered` what came before is told first, and an entry made now comes after that.
  const observer = new PerformanceObserver((list) => {
    if (list.getEntriesByName('end').length > 0) resolve(shifts);
    shifts.push(...list.getEntriesByType('layout-shift'));
  });
  const shifts: PerformanceEntry[] = [];
  observer.observe({ type: 'layout-shift', buffered: true });
  observer.observe({ type: 'mark' });
  performance.mark('end');
  type Shift = { value: number; sources: { node: Element | null }[] };
  return (await promise)
    .map((entry) => entry as unknown as Shift)
    .filter(({ value }) => value >= 0.0005)
    .map(
      ({ value, sources }) =>
        `${value}: ${sources.map(({ node }) => node?.parentElement?.outerHTML.slice(0, 80))}`,
    );
}
