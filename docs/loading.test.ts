import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { listPages } from './testing/built-site.ts';
import { openSite } from './testing/open-site.ts';

const KILOBYTE = 1000;
const viewports = [
  { width: 390, height: 844 },
  { width: 1280, height: 900 },
];

const { open } = openSite();

describe.each(viewports)('at $width pixels', (viewport) => {
  it.each(listPages())('%s keeps still while it loads', async (path) => {
    await using page = await open(path, { viewport });

    expect(await page.evaluate(listShifts)).toEqual([]);
  });
});

it.each(listKinds())('%s loads at most 30 kB of scripts before the search opens', async (path) => {
  const scripts: Promise<Buffer>[] = [];
  await using page = await open(path, {}, (opened) => {
    opened.on('response', (response) => {
      if (response.request().resourceType() === 'script') scripts.push(response.body());
    });
  });
  await page.waitForLoadState('networkidle');

  const all = [...(await Promise.all(scripts)), ...(await readInlineScripts(page))];
  const size = all.reduce((sum, script) => sum + gzipSync(script).length, 0);
  expect(scripts).not.toEqual([]);
  expect(size).toBeLessThanOrEqual(30 * KILOBYTE);
});

/** One page of each kind: pages of a kind have the same scripts. */
function listKinds(): string[] {
  const kinds = Map.groupBy(listPages(), (path) => path.replace(/(?<=^\/[^/]+\/.*)[^/]+/g, '*'));
  return [...kinds.values()].flatMap(([page = '']) => page);
}

async function readInlineScripts(page: Page): Promise<string[]> {
  return await page
    .locator('script:not([src])')
    .evaluateAll((all) => all.map(({ textContent }) => textContent));
}

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
