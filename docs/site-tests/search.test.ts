import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { DIST } from './helpers/built-site.ts';
import { openSite, phone } from './helpers/open-site.ts';

const site = openSite();

it('begins with a search of its own', async () => {
  const page = await site.open('/');
  await page.getByRole('button', { name: 'Search a problem' }).click();

  await page.locator('.pagefind-ui__search-input').waitFor();
});

it('names the search on a phone, where only its icon is seen', async () => {
  const page = await site.open('/', { viewport: phone });

  expect(await page.getByRole('button', { name: 'Search', exact: true }).count()).toBe(1);
});

it.each([
  ['new row violates row-level security policy for table', 'multi-tenancy/tenant-isolation-rls'],
  ['invalid_grant', 'auth/refresh-token-rotation'],
  [
    'No signatures found matching the expected signature for payload',
    'integrations/webhook-receiving',
  ],
  ["terminate called after throwing an instance of 'Napi::Error'", 'ml/model-serving'],
  ['ERROR: no partition of relation "readings" found for row', 'iot/time-series-storage'],
  [
    'ERROR: canceling statement due to lock timeout\nCONTEXT: while updating tuple (0,12) in relation "parcels"',
    'postgres/zero-downtime-migrations',
  ],
])('finds a pattern first by the pasted error %j', async (message, id) => {
  const page = await search(message);

  expect((await listFound(page))[0]).toBe(`/patterns/${id}/`);
});

it.each([
  ['my webhook fires twice and customers are charged twice', 'integrations/webhook-receiving'],
  ['SSE stops behind nginx', 'realtime/server-sent-events'],
  ['model gets slower at 100 requests a second', 'ml/model-serving'],
  ['presigned URL lets people upload anything', 'storage/direct-to-object-storage'],
  ['our accuracy dropped in production after retraining', 'ml/model-monitoring'],
])('finds a pattern first by a problem told as %j', async (words, id) => {
  const page = await search(words);

  expect((await listFound(page))[0]).toBe(`/patterns/${id}/`);
});

type Listed = { id: string; area: string; level: number; needs: string[] };

const { patterns }: { patterns: Listed[] } = JSON.parse(
  readFileSync(join(DIST, 'patterns.json'), 'utf8'),
);

it.each([
  ['Area', 'Jobs', ({ area }: Listed) => area === 'jobs'],
  ['Needs', 'mosquitto', ({ needs }: Listed) => needs.includes('mosquitto')],
  ['Level', '3 pre-production', ({ level }: Listed) => level === 3],
])('narrows what is found by the facet %s', async (facet, value, fits) => {
  const expected = patterns.filter(fits).map(({ id }) => `/patterns/${id}/`);
  const page = await search('postgres');
  const found = page.locator('.pagefind-ui__message', { hasText: /^\d+ result/ });
  const all = (await found.textContent()) ?? '';

  await choose(page, facet, value);

  await found.filter({ hasNotText: all }).waitFor();
  const addresses = await listFound(page);
  expect(addresses).not.toEqual([]);
  expect(addresses.filter((address) => !expected.includes(address))).toEqual([]);
});

it('searches from the page for what is not there', async () => {
  const page = await site.open('/404.html');
  await type(page, 'webhook');

  expect((await listFound(page))[0]).toBe('/patterns/integrations/webhook-receiving/');
});

it.each([{}, { viewport: phone }])('narrows the table of all patterns in %j', async (options) => {
  const page = await site.open('/patterns/', options);
  const rows = page.locator('tbody tr:visible');
  const all = await rows.count();

  await page.getByRole('searchbox', { name: 'Filter patterns' }).fill('refresh TOKEN');

  expect(await rows.getByRole('link').allInnerTexts()).toEqual([
    'Refresh-token rotation with reuse detection',
  ]);
  expect(await page.getByText('1 pattern', { exact: true }).count()).toBe(1);
  expect(all).toBe(patterns.length);
});

it('shows the table of all patterns without JavaScript', async () => {
  const page = await site.open('/patterns/', { javaScriptEnabled: false });

  expect(await page.locator('tbody tr:visible').count()).toBe(patterns.length);
  expect(await page.locator('form.filter:visible').count()).toBe(0);
});

async function search(words: string): Promise<Page> {
  const page = await site.open('/');
  await type(page, words);
  return page;
}

async function type(page: Page, words: string): Promise<void> {
  await page.getByRole('button', { name: /^Search Ctrl/ }).click();
  await page.locator('.pagefind-ui__search-input').fill(words);
  await page.locator('.pagefind-ui__result-link').first().waitFor();
}

/** The pages that were found, without the places on them. */
async function listFound(page: Page): Promise<string[]> {
  const links = page.locator('.pagefind-ui__result-title > .pagefind-ui__result-link');
  const addresses = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')));
  return addresses.filter((address) => address !== null && !address.includes('#')) as string[];
}

async function choose(page: Page, facet: string, value: string): Promise<void> {
  const block = page.locator('.pagefind-ui__filter-block', { hasText: facet });
  await block.locator('summary').click();
  await block.getByLabel(value).check();
}
