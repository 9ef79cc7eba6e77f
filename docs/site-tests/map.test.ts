import type { Locator } from 'playwright-core';
import { expect, it } from 'vitest';
import { isPattern, listPages, readTwin } from './helpers/built-site.ts';
import { desktop, openSite, phone } from './helpers/open-site.ts';

const site = openSite();

it('shows the lines of the area that the keyboard is on, and leads to its patterns', async () => {
  const page = await site.open('/map/', { viewport: desktop });
  const jobs = page.locator('.map').getByRole('link', { name: /^Jobs \d+$/ });
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
  await page.waitForURL('**/map/#jobs');
  expect(await page.locator('.around', { hasText: 'Background jobs' }).last().isVisible()).toBe(
    true,
  );
});

it.each([{ viewport: phone, javaScriptEnabled: false }, { viewport: desktop }])(
  'shows what is around one pattern at a time, by keyboard: %j',
  async (options) => {
    const page = await site.open('/map/#jobs', options);
    const choose = async (title: string) => {
      await page.locator('.around > summary', { hasText: title }).focus();
      await page.keyboard.press('Enter');
    };
    const around = page.locator('.around[open]');
    await choose('A worker loop for whatever is due');
    expect(await around.locator('.used-by a').allInnerTexts()).toContain(
      'Background jobs in Postgres',
    );

    await choose('Background jobs in Postgres');

    expect(await around.count()).toBe(1);
    expect(await around.locator('.builds-on a').count()).toBeGreaterThan(1);
    await around.locator('.own a').click();
    await page.waitForURL('**/patterns/jobs/background-jobs/');
  },
);

it('unfolds the pattern that the address names', async () => {
  const page = await site.open('/map/#jobs/background-jobs', { viewport: desktop });
  const place = await page.locator('.around[open] .own a').boundingBox();
  expect(place?.y).toBeGreaterThan(60);
  expect(place?.y).toBeLessThan(desktop.height);
});

it('has every pattern in its twin, with links', () => {
  const twin = readTwin('/map/');
  const twins = listPages()
    .filter(isPattern)
    .map((page) => page.replace(/\/$/, '.md'));
  expect(twins.filter((path) => !twin.includes(`(${path})`))).toEqual([]);
  expect(twin).toMatch(/Used by: .*Jobs \(\d+\)/);
});

it.each(['/feed.xml', '/sitemap-index.xml', '/sitemap-0.xml'])('%s is XML', async (path) => {
  const page = await site.open('/');
  const root = await page.evaluate(async (address) => {
    const text = await (await fetch(address)).text();
    return new DOMParser().parseFromString(text, 'application/xml').documentElement.nodeName;
  }, path);
  expect(root).toMatch(/^(feed|sitemapindex|urlset)$/);
});
