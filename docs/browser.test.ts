import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../examples/kit/chromium.ts';
import { DIST, isPattern, listPages, readTwin } from './testing/built-site.ts';
import { type FolderServer, serveFolder } from './testing/serve-folder.ts';

const phone = { width: 390, height: 844 };
const desktop = { width: 1280, height: 900 };

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;
let server: FolderServer;

beforeAll(async () => {
  [browser, server] = await Promise.all([launchChromium(), serveFolder(DIST)]);
});

afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

describe.each(listPages())('%s in the browser', (path) => {
  let page: Page;
  const foreign: string[] = [];
  const errors: string[] = [];

  beforeAll(async () => {
    page = await browser.newPage();
    page.on('pageerror', ({ message }) => errors.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url)) foreign.push(request.url());
    });
    await page.goto(server.url + path);
  });

  afterAll(() => page.close());

  it('has one title', async () => {
    expect(await page.locator('h1').count()).toBe(1);
  });

  it.each([phone, desktop])('does not scroll sideways at $width pixels', async (viewport) => {
    await page.setViewportSize(viewport);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
  });

  it.each(['light', 'dark'] as const)('follows the %s scheme of the system', async (scheme) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.waitForSelector(`html[data-theme=${scheme}]`);
  });

  it.each(['light', 'dark'] as const)('has no fault that axe finds in %s', async (scheme) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.waitForSelector(`html[data-theme=${scheme}]`);
    await page.evaluate(AXE);
    const faults = await page.evaluate(runAxe);
    expect(faults).toEqual([]);
  });

  if (isPattern(path)) describePattern(path, () => page);

  it('asks no other host for anything and reports no error', () => {
    expect({ foreign, errors }).toEqual({ foreign: [], errors: [] });
  });
});

it('narrows the table of all patterns to those that hold every word', async () => {
  const page = await browser.newPage();
  await page.goto(`${server.url}/patterns/`);
  const rows = page.locator('tbody tr:visible');
  const all = await rows.count();

  await page.getByRole('searchbox', { name: 'Words in any column' }).fill('refresh TOKEN');

  expect(await rows.getByRole('link').allInnerTexts()).toEqual([
    'Refresh-token rotation with reuse detection',
  ]);
  expect(await page.getByText('1 pattern', { exact: true }).count()).toBe(1);
  expect(all).toBe(listPages().filter(isPattern).length);
  await page.close();
});

it('shows the table of all patterns without JavaScript', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${server.url}/patterns/`);

  expect(await page.locator('tbody tr:visible').count()).toBe(listPages().filter(isPattern).length);
  expect(await page.locator('form.filter:visible').count()).toBe(0);
  await context.close();
});

describe('the map', () => {
  it('shows whoever follows a link with the keyboard where its lines go', async () => {
    const page = await browser.newPage({ viewport: desktop });
    await page.goto(`${server.url}/map/`);
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
    await page.close();
  });

  it('says the same in its table, which is all that a phone shows', async () => {
    const page = await browser.newPage({ viewport: phone });
    await page.goto(`${server.url}/map/`);
    expect(await page.locator('.map').isVisible()).toBe(false);
    // Each relation stands in the rows of both of its patterns.
    const links = await page.locator('tbody td:nth-child(n + 3) a:visible').count();
    expect(links).toBe(2 * (await page.locator('.map .edge').count()));
    expect(links).toBeGreaterThan(0);
    await page.close();
  });
});

it('copies a pattern page as Markdown', async () => {
  const context = await browser.newContext();
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await context.newPage();
  const [address = ''] = listPages().filter(isPattern);
  await page.goto(server.url + address);

  await page.getByRole('button', { name: 'Copy page as Markdown' }).click();

  await page.getByText('Copied').waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  expect(copied).toBe(readTwin(address));
  await context.close();
});

it.each(['/feed.xml', '/sitemap-index.xml', '/sitemap-0.xml'])('%s is XML', async (path) => {
  const page = await browser.newPage();
  await page.goto(server.url);
  const root = await page.evaluate(async (address) => {
    const text = await (await fetch(address)).text();
    return new DOMParser().parseFromString(text, 'application/xml').documentElement.nodeName;
  }, path);
  expect(root).toMatch(/^(feed|sitemapindex|urlset)$/);
  await page.close();
});

it('begins with a search of its own', async () => {
  const page = await browser.newPage();
  await page.goto(server.url);
  await page.getByRole('button', { name: 'Search a problem' }).click();

  await page.locator('.pagefind-ui__search-input').waitFor();
  await page.close();
});

it('names the search on a phone, where only its icon is seen', async () => {
  const page = await browser.newPage({ viewport: phone });
  await page.goto(server.url);

  expect(await page.getByRole('button', { name: 'Search', exact: true }).count()).toBe(1);
  await page.close();
});

it('finds a pattern by a pasted error message', async () => {
  const page = await browser.newPage();
  await page.goto(server.url);
  await page.getByRole('button', { name: /^Search Ctrl/ }).click();
  await page
    .locator('.pagefind-ui__search-input')
    .fill('new row violates row-level security policy for table');

  const first = page.locator('.pagefind-ui__result-link').first();
  await first.waitFor();
  expect(await first.getAttribute('href')).toContain('/multi-tenancy/tenant-isolation-rls/');
  await page.close();
});

function describePattern(path: string, open: () => Page): void {
  it('says before anything else when to use it and when not', async () => {
    const headings = await open().locator('main h2').allInnerTexts();
    expect(headings.slice(0, 3)).toEqual(['Use when', 'Not when', 'Problem']);
  });

  it('draws each diagram and says it in words too', async () => {
    const drawn = await open()
      .getByRole('img', { name: /^Diagram\. .+ to .+/ })
      .count();
    expect(drawn).toBe(countDiagrams(path));
  });

  it('shows its failures, on a phone as cards that name their columns', async () => {
    await open().setViewportSize(phone);
    const cell = open().locator('table.stackable td[data-label="What you see"]').first();
    expect(await cell.isVisible()).toBe(true);
    expect((await cell.boundingBox())?.width).toBeGreaterThan(phone.width * 0.6);
  });

  it('names the tests of its lines to whoever uses the keyboard', async () => {
    const mark = open().locator('.proof button').first();
    await mark.focus();
    await open().keyboard.press('Enter');
    const note = open().locator('.proof-note:popover-open');
    const names = await note.getByRole('listitem').allInnerTexts();
    expect(names).not.toEqual([]);
    expect(listTests(path)).toEqual(expect.arrayContaining(names));
    await open().keyboard.press('Escape');
    expect(await note.count()).toBe(0);
    await mark.hover();
    expect(await mark.getAttribute('title')).toBe(names.join('\n'));
  });

  it('shows its code without scrolling at 1280 pixels', async () => {
    await open().setViewportSize(desktop);
    const blocks = open().locator('main pre');
    const scrolling = await blocks.evaluateAll((all) =>
      all
        .filter((block) => block.scrollWidth > block.clientWidth)
        .map((block) => block.textContent),
    );
    expect(scrolling).toEqual([]);
  });
}

/** Runs in the page; WCAG 2.2 AA and what it builds on. */
async function runAxe(): Promise<string[]> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
  const { violations } = await axe.run(document, { runOnly: tags });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
}

/** The names of all tests of a pattern. */
function listTests(path: string): string[] {
  const file = join(
    import.meta.dirname,
    '..',
    path.replace('/patterns/', 'examples/'),
    'proof.json',
  );
  return JSON.parse(readFileSync(file, 'utf8')).tests;
}

/** How many mermaid fences the source of a pattern page has. */
function countDiagrams(path: string): number {
  const source = readFileSync(join(import.meta.dirname, `..${path.slice(0, -1)}.md`), 'utf8');
  return source.match(/^```mermaid/gm)?.length ?? 0;
}
