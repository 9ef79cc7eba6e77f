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

  expect(await page.getByRole('searchbox').isVisible()).toBe(true);
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
  ['presigned URL lets people upload anything', 'storage/direct-to-object-storage'],
  ['our accuracy dropped in production after retraining', 'ml/model-monitoring'],
])('finds a pattern first by a problem told as %j', async (words, id) => {
  const page = await search(words);

  expect((await listFound(page))[0]).toBe(`/patterns/${id}/`);
});

it('finds a pattern that shares its words with another one right after it', async () => {
  const page = await search('model gets slower at 100 requests a second');

  expect((await listFound(page)).slice(0, 2)).toContain('/patterns/ml/model-serving/');
});

it.each([
  ['websocket or sse', '/compare/sse-or-websocket/'],
  ['which queue: postgres redis or rabbitmq', '/compare/job-queues/'],
  ['learning path multi-tenant saas', '/paths/multi-tenant-saas/'],
  ['fencing token meaning glossary', '/glossary/'],
  ['changelog', '/changelog/'],
])('finds a page that is not a pattern by %j', async (words, page) => {
  expect(await listFound(await search(words))).toContain(page);
});

type Listed = { id: string };

const { patterns }: { patterns: Listed[] } = JSON.parse(
  readFileSync(join(DIST, 'patterns.json'), 'utf8'),
);

it('shows with a pattern its area, the symptom that fits and what to do', async () => {
  const page = await search('customers get the same e-mail twice');
  const [first = ''] = await page.locator('[data-answers] a').allInnerTexts();

  expect(first).toContain('Background jobs in Postgres');
  expect(first).toContain('Jobs');
  expect(first).toContain('Customers get the same e-mail twice since we run two workers');
  expect(first).toContain('for update skip locked');
});

it.each(['kubernetes ingress', 'zzzqqq'])(
  'says that nothing fits %j, and names what is nearest, if anything is',
  async (words) => {
    const page = await search(words);

    const said = page.locator('[data-answers] :is(.nothing, .planned)');
    expect(await said.textContent()).toMatch(/No pattern fits|Planned/);
  },
);

it('names a planned topic as planned: alone, after the answers, and before them where it fits better', async () => {
  const alone = await search('rate limiting');
  expect(await alone.locator('.planned').textContent()).toMatch(/^Planned, not written: Rate/);

  const after = await search('webhook');
  expect((await listFound(after))[0]).toBe('/patterns/integrations/webhook-receiving/');
  expect(await after.locator('ul + .planned').textContent()).toMatch(/: Sending webhooks$/);

  const before = await search('stripe payments');
  expect(await before.locator('.planned:has(+ ul)').textContent()).toMatch(/: Payment gateways/);
  expect(await listFound(before)).toContain('/patterns/integrations/webhook-receiving/');
});

it('makes the words that were asked for bold', async () => {
  const page = await search('webhook');
  expect(await page.locator('[data-answers] b').first().textContent()).toMatch(/^webhook/i);
});

it('leads by Enter to the topic that is planned, and to no page that is only near', async () => {
  const page = await search('sms one-time codes');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/coverage/?q=SMS*');
  expect(await page.locator('output').textContent()).toBe('1 topic');

  await type(page, 'drive a car partition');
  expect(await page.locator('.nearest + ul a').count()).toBeGreaterThan(0);
  await page.keyboard.press('Enter');
  await page.keyboard.type(' z'); // by then a page would have opened
  expect(await page.locator('dialog input').inputValue()).toBe('drive a car partition z');
});

it('leads to all planned topics', async () => {
  const page = await search('webhook');
  await page.getByRole('link', { name: 'Planned topics' }).click();
  await page.waitForURL('**/coverage/?state=planned');
  expect(await page.locator('output').textContent()).toMatch(/^\d{3} topics$/);
});

it('keeps its links in sight, and its field has one ring', async () => {
  const page = await search('customer');
  expect(await page.getByRole('link', { name: 'Planned topics' }).isVisible()).toBe(true);
  const seen = await page.locator('dialog .keys').evaluate((links) => {
    const { bottom } = links.getBoundingClientRect();
    return bottom <= (links.closest('dialog')?.getBoundingClientRect().bottom ?? 0);
  });
  expect(seen).toBe(true);
});

it('finds a guide', async () => {
  const page = await search('mcp server for claude code');

  expect(await listFound(page)).toContain('/guides/use-with-an-ai-tool/');
});

it('is opened by a slash, walked through by arrows, and followed by Enter', async () => {
  const page = await site.open('/patterns/');
  await page.keyboard.press('/');
  await page.keyboard.type('invalid_grant refresh token');
  await page.locator('[data-answers] a').first().waitFor();
  const answers = page.locator('[data-answers] a');
  expect(await answers.count()).toBeGreaterThan(1);
  const mark = (place: number) =>
    answers.nth(place).evaluate((answer) => getComputedStyle(answer).boxShadow);
  expect(await mark(0)).toContain('inset'); // Enter opens it
  expect(await mark(1)).toBe('none');
  await page.keyboard.press('ArrowDown');
  expect(await answers.nth(1).evaluate((answer) => answer.matches(':focus'))).toBe(true);
  expect(await mark(0)).toBe('none');
  expect(await mark(1)).toContain('inset');
  await page.keyboard.press('ArrowUp');
  expect(
    await page
      .getByRole('searchbox')
      .first()
      .evaluate((input) => input.matches(':focus')),
  ).toBe(true);

  await page.keyboard.press('Enter');

  await page.waitForURL('**/patterns/auth/refresh-token-rotation/');
});

it('is closed by its button, and by Escape', async () => {
  const page = await search('webhook');
  const dialog = page.locator('site-search dialog');

  await page.getByRole('button', { name: 'Close', exact: true }).click();
  expect(await dialog.isVisible()).toBe(false);

  await page.keyboard.press('/');
  expect(await dialog.isVisible()).toBe(true);
  await page.keyboard.press('Escape');
  expect(await dialog.isVisible()).toBe(false);
});

it('says that it did not load, and loads with the next letter', async () => {
  const page = await site.open('/');
  await page.route('**/search.json', (route) => route.abort());
  await type(page, 'webhoo');
  expect(await page.locator('.nothing').textContent()).toContain('did not load');

  await page.unroute('**/search.json');
  await page.keyboard.type('k');

  await page.locator('[data-answers] a').first().waitFor();
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
  expect(await page.locator('form.filter output').textContent()).toBe('1 pattern');
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
  await page.getByRole('button', { name: 'Search /' }).click();
  await page.locator('dialog input').fill(words);
  await page.locator('[data-answers] :is(a, .nothing, .planned)').first().waitFor();
}

/** The pages that were found. */
async function listFound(page: Page): Promise<(string | null)[]> {
  const links = page.locator('[data-answers] a');
  return await links.evaluateAll((all) => all.map((link) => link.getAttribute('href')));
}
