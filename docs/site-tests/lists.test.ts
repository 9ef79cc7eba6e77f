import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { listPages, readTwin } from './helpers/built-site.ts';
import { desktop, openSite, phone } from './helpers/open-site.ts';

const site = openSite();

const countShown = (page: Page): Promise<number> => page.locator('tbody tr:visible').count();
const readCount = (page: Page): Promise<string | null> => page.locator('output').textContent();

describe('the symptoms', () => {
  it('are all open, and a filter leaves what fits', async () => {
    const page = await site.open('/symptoms/');
    expect(await countShown(page)).toBeGreaterThan(50);
    expect(await page.locator('details.area:visible').count()).toBeGreaterThan(5);

    await page.getByRole('searchbox', { name: 'Filter symptoms' }).fill('invalid_grant');

    expect(await readCount(page)).toMatch(new RegExp(`^${await countShown(page)} symptoms?$`));
    expect(await page.locator('details.area:visible h2').allInnerTexts()).toEqual(['Auth']);
    expect(await page.locator('details.area:visible > summary').getAttribute('data-fitting')).toBe(
      '1',
    );
    expect(new URL(page.url()).search).toBe('?q=invalid_grant');
  });

  it('are found again by their address, and after coming back', async () => {
    const page = await site.open('/symptoms/?q=invalid_grant', { viewport: phone });
    const found = await countShown(page);
    expect(found).toBeGreaterThan(0);
    await page.locator('tbody a:visible').first().click();
    await page.waitForURL('**/patterns/auth/**');

    await page.goBack();

    await page.waitForURL('**/symptoms/?q=invalid_grant');
    expect(await countShown(page)).toBe(found);
  });

  it('that do not fit are not hidden from a reader who asks for less', async () => {
    const page = await site.open('/symptoms/?q=auth+zzzqqq');
    expect(await readCount(page)).toBe('No symptom fits');

    await page.getByRole('button', { name: /^Without “zzzqqq” \(\d+\)$/ }).click();

    expect(await countShown(page)).toBeGreaterThan(0);
    expect(await page.getByRole('searchbox').inputValue()).toBe('auth');
    await page.goBack();
    expect(await readCount(page)).toBe('No symptom fits');
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    expect(new URL(page.url()).search).toBe('');
    expect(await countShown(page)).toBeGreaterThan(50);
  });

  it('that do not fit lead to the search for the same words', async () => {
    const page = await site.open('/symptoms/?q=rate+limiting+zzzqqq');

    await page.getByRole('button', { name: 'Search for “rate limiting zzzqqq”' }).click();

    expect(await page.locator('dialog input').inputValue()).toBe('rate limiting zzzqqq');
    await page.locator('[data-answers] :is(a, .nothing, .planned)').first().waitFor();
  });

  it('are all there without JavaScript', async () => {
    const page = await site.open('/symptoms/', { javaScriptEnabled: false });
    expect(await page.locator('form.filter:visible').count()).toBe(0);
    expect(await countShown(page)).toBeGreaterThan(50);
  });
});

describe('all patterns', () => {
  it('are chosen by several facets at once, with their numbers, and back leads back', async () => {
    const page = await site.open('/patterns/');
    const area = page.getByRole('combobox', { name: 'Area' });
    const needs = page.getByRole('combobox', { name: 'Needs' });
    await needs.selectOption('postgres');
    const option = area.locator('option[value="iot"]');
    const [, count = ''] = /\((\d+)\)/.exec((await option.textContent()) ?? '') ?? [];

    await area.selectOption('iot');

    expect(await countShown(page)).toBe(Number(count));
    expect(await readCount(page)).toBe(`${count} patterns`);
    expect(new URL(page.url()).search).toBe('?needs=postgres&area=iot');
    await page.goBack();
    expect(await area.inputValue()).toBe('');
    expect(await needs.inputValue()).toBe('postgres');
    expect(await countShown(page)).toBeGreaterThan(Number(count));
  });

  it('say which choice leaves nothing', async () => {
    const page = await site.open('/patterns/?area=auth&needs=mosquitto&q=token');
    expect(await readCount(page)).toBe('No pattern fits');
    await page.getByRole('button', { name: /^Without Needs: mosquitto \(\d+\)$/ }).click();
    expect(await countShown(page)).toBeGreaterThan(0);
    expect(new URL(page.url()).search).toBe('?area=auth&q=token');
  });

  it('are each a line and chips on a phone', async () => {
    const page = await site.open('/patterns/', { viewport: phone });
    const row = page.locator('tbody tr', { hasText: 'Structured logging' });
    expect((await row.boundingBox())?.height).toBeLessThan(80);
    expect(await row.textContent()).toMatch(/4 production\s*\d+/);
  });

  it('are what level and services of a pattern lead to', async () => {
    const page = await site.open('/patterns/auth/refresh-token-rotation/');
    await page.locator('.assay').getByRole('link', { name: '4 production' }).click();
    await page.waitForURL('**/patterns/?level=4');
    expect(await page.getByRole('combobox', { name: 'Level' }).inputValue()).toBe('4');
    await page.goBack();
    await page.locator('.use').getByRole('link', { name: 'postgres 15' }).click();
    await page.waitForURL('**/patterns/?needs=postgres');
    expect(await countShown(page)).toBeGreaterThan(1);
  });
});

describe('an area', () => {
  it('lists first what others build on, and names what is planned as planned', async () => {
    const page = await site.open('/patterns/jobs/', { viewport: desktop });
    const titles = await page.locator('main dt a').allInnerTexts();
    expect(titles).toEqual(['A worker loop for whatever is due', 'Background jobs in Postgres']);
    expect(await page.locator('main .planned li').count()).toBeGreaterThan(3);
    expect(await page.getByRole('heading', { name: 'Planned' }).isVisible()).toBe(true);
  });
});

describe('the twins of lists', () => {
  it.each(['/symptoms/', '/patterns/', '/proof/', '/map/', '/coverage/'])(
    '%s is by area, and no two texts run into each other',
    (path) => {
      const twin = readTwin(path);
      expect(twin).toMatch(/^###? Auth$/m);
      expect(twin).not.toMatch(/\)\[|\d \+ \d|[a-z][A-Z][a-z]+\d/);
    },
  );

  it('say what the charts of the proof page draw', () => {
    expect(readTwin('/proof/')).toMatch(/^- Auth: \d+ executed, \d+ SQL applied/m);
  });

  it('link the patterns of an area', () => {
    const areas = listPages().filter((page) => /^\/patterns\/[^/]+\/$/.test(page));
    for (const area of areas) expect(readTwin(area)).toContain(`](${area}`);
  });
});
