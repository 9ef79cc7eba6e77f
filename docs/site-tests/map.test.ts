import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { desktop, openSite, phone } from './helpers/open-site.ts';

const site = openSite();

it('shows the lines of the pattern that the keyboard is on', async () => {
  const page = await site.open('/map/', { viewport: desktop });
  const jobs = page.locator('.map').getByRole('link', { name: 'Background jobs in Postgres' });
  const [, number] = /\bn(\d+)/.exec((await jobs.getAttribute('class')) ?? '') ?? [];
  const own = page.locator(`.map .edge.e${number}`);
  const colour = (line: Locator) => line.evaluate((path) => getComputedStyle(path).stroke);
  const before = await colour(own.first());

  await jobs.focus();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Tab');

  const frame = jobs.locator('rect');
  expect(await frame.evaluate((rect) => getComputedStyle(rect).stroke)).not.toBe('none');
  expect(await colour(own.first())).not.toBe(before);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/patterns/jobs/background-jobs/');
});

it('shows the same relations in the table below the map, which is all that a phone shows', async () => {
  const page = await site.open('/map/', { viewport: phone });
  expect(await page.locator('.map').isVisible()).toBe(false);
  // Each relation is in the rows of both of its patterns.
  const links = await page.locator('tbody td:nth-child(n + 3) a:visible').count();
  expect(links).toBe(2 * (await page.locator('.map .edge').count()));
  expect(links).toBeGreaterThan(0);
});

it.each(['/feed.xml', '/sitemap-index.xml', '/sitemap-0.xml'])('%s is XML', async (path) => {
  const page = await site.open('/');
  const root = await page.evaluate(async (address) => {
    const text = await (await fetch(address)).text();
    return new DOMParser().parseFromString(text, 'application/xml').documentElement.nodeName;
  }, path);
  expect(root).toMatch(/^(feed|sitemapindex|urlset)$/);
});
