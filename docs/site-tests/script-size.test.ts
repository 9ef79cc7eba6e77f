import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { listKinds } from './helpers/chosen-pages.ts';
import { openSite } from './helpers/open-site.ts';

const KILOBYTE = 1000;

const { open } = openSite();

// Pages of a kind have the same scripts.
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

async function readInlineScripts(page: Page): Promise<string[]> {
  return await page
    .locator('script:not([src])')
    .evaluateAll((all) => all.map(({ textContent }) => textContent));
}
