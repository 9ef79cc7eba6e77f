import { describe, expect, it } from 'vitest';
import { isPattern, listPages, readPage } from './helpers/built-site.ts';
import { openSite } from './helpers/open-site.ts';

const narrow = { viewport: { width: 320, height: 640 } };
const phone = { viewport: { width: 390, height: 844 } };
const desktop = { viewport: { width: 1280, height: 900 } };
const withoutScripts = { javaScriptEnabled: false };
const [pattern = ''] = listPages().filter(isPattern);

const { open } = openSite();

describe('with the keyboard', () => {
  it('skips to the text with the first link', async () => {
    await using page = await open(pattern, desktop);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('main') !== null)).toBe(true);
  });

  it.each(['/', '/patterns/', pattern])('shows on %s where the focus is', async (path) => {
    await using page = await open(path, desktop);
    const seen = new Set<string>();
    for (let step = 0; step < 60; step += 1) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(describeFocus);
      if (focused.includes('<body')) break; // the end of the page
      expect(focused).not.toMatch(/^unseen/);
      seen.add(focused);
    }
    expect(seen.size).toBeGreaterThan(20);
  });

  it('opens the search, finds, and comes back', async () => {
    await using page = await open(pattern, desktop);
    await page.keyboard.press('Control+k');
    await page.locator('dialog input:focus').waitFor();
    await page.keyboard.type('webhook');
    await page.locator('[data-answers] a').first().waitFor();
    await page.keyboard.press('Control+k');
    await page.locator('site-search dialog').waitFor({ state: 'hidden' });
  });

  it('chooses the theme', async () => {
    await using page = await open(pattern, desktop);
    await page.locator('header starlight-theme-select select').focus();
    await page.keyboard.press('ArrowUp');
    await page.waitForSelector('html[data-theme=light]');
    await page.keyboard.press('ArrowUp');
    await page.waitForSelector('html[data-theme=dark]');
  });

  it('lets the keyboard scroll whatever scrolls', async () => {
    await using page = await open(pattern, narrow);
    await page.evaluate(() => {
      for (const cell of document.querySelectorAll<HTMLElement>('main td'))
        if (!cell.closest('details')) cell.style.whiteSpace = 'nowrap'; // as with a long word
    });
    await page.waitForFunction(() => {
      const boxes = [...document.querySelectorAll('main :is(table, pre)')];
      const scrolling = boxes.filter((box) => box.scrollWidth > box.clientWidth);
      const isTable = (box: Element) => box.matches('table');
      return scrolling.some(isTable) && scrolling.every((box) => box.matches('[tabindex="0"]'));
    });
  });

  it('opens the menu of a phone and follows a link of it', async () => {
    await using page = await open(pattern, phone);
    await page.getByRole('button', { name: 'Menu' }).focus();
    await page.keyboard.press('Enter');
    const link = page.getByRole('link', { name: 'All patterns' });
    await link.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/patterns/');
  });
});

it('keeps the theme that was chosen over a reload, against the scheme of the system', async () => {
  await using page = await open('/', { ...desktop, colorScheme: 'light' });
  await page.getByRole('combobox', { name: 'Select theme' }).selectOption('dark');
  await page.waitForSelector('html[data-theme=dark]');

  await page.reload();

  await page.waitForSelector('html[data-theme=dark]');
  expect(await page.getByRole('combobox', { name: 'Select theme' }).inputValue()).toBe('dark');
});

describe('without JavaScript', () => {
  it('shows the whole of a pattern: drawings, bars, failures and proofs', async () => {
    await using page = await open(pattern, { ...desktop, ...withoutScripts });
    for (const found of ['.diagram b', '.bench svg', 'table.stackable', 'pre'])
      expect(await page.locator(`main ${found}`).first().isVisible()).toBe(true);

    await page.locator('.proof button').first().click();
    expect(await page.locator('.proof-note:popover-open li').count()).toBeGreaterThan(0);
  });

  it('shows no control that does nothing', async () => {
    await using page = await open(pattern, { ...desktop, ...withoutScripts });
    for (const control of ['site-search', 'starlight-theme-select', '.copy-page'])
      expect(await page.locator(`${control}:visible`).count()).toBe(0);
  });

  it.each([phone, desktop])('leads to other pages at $viewport.width pixels', async (options) => {
    await using page = await open(pattern, { ...options, ...withoutScripts });
    const menu = page.getByRole('button', { name: 'Menu' });
    if (await menu.isVisible()) await menu.click();
    await page.getByRole('link', { name: 'Symptoms' }).click();
    expect(new URL(page.url()).pathname).toBe('/symptoms/');
  });
});

it('lists in the sidebar the patterns of the area that the page is in, and no others', async () => {
  await using page = await open(pattern, desktop);
  const area = pattern.replace(/[^/]+\/$/, '');
  const links = await page
    .locator('nav.sidebar a[href^="/patterns/"]')
    .evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''));
  const here = listPages().filter((path) => isPattern(path) && path.startsWith(area));
  expect(links.filter(isPattern).sort()).toEqual(here);
});

it('leads from pattern to pattern through all of them, each after what it builds on in its area', () => {
  const [area = ''] = listPages().filter(isArea);
  const visited: string[] = [];
  for (let next = findNext(area); next; next = findNext(next)) {
    expect(visited).not.toContain(next);
    visited.push(next);
  }
  expect(visited.toSorted()).toEqual(listPages().filter(isPattern));
  const jobs = visited.filter((path) => path.startsWith('/patterns/jobs/'));
  expect(jobs.indexOf('/patterns/jobs/worker-loop/')).toBeLessThan(
    jobs.indexOf('/patterns/jobs/background-jobs/'),
  );
});

it('shows in the sidebar the page that is open, without a move that is seen', async () => {
  const [last = ''] = listPages().filter(isPattern).toReversed();
  await using page = await open(last, { viewport: { width: 1280, height: 500 } });
  const scrolled = await page.evaluate(() => document.querySelector('.sidebar-pane')?.scrollTop);
  expect(scrolled).toBeGreaterThan(0);
  const box = await page.locator('nav.sidebar [aria-current=page]').boundingBox();
  expect(box?.y).toBeGreaterThan(60);
  expect(box?.y).toBeLessThan(480);
  // It runs before the first paint: the browser waits for it.
  expect(readPage(last)).toMatch(
    /<\/sl-sidebar-state-persist>[\s\S]*<script src="\/show-current.js">/,
  );
});

const isArea = (path: string): boolean => /^\/patterns\/[^/]+\/$/.test(path);

/** Where the page's link to the next one leads. */
function findNext(path: string): string | undefined {
  const [link = ''] = /<a [^>]*rel="next"[^>]*>/.exec(readPage(path)) ?? [];
  return /href="([^"]+)"/.exec(link)?.[1];
}

/** Runs in the page: what has the focus, and `unseen` before it when nothing shows that. */
function describeFocus(): string {
  const element = document.activeElement ?? document.body;
  const styles = [getComputedStyle(element), getComputedStyle(element.parentElement ?? element)];
  const isSeen = styles.some(
    ({ outlineStyle, outlineWidth }) => outlineStyle !== 'none' && outlineWidth !== '0px',
  );
  return `${isSeen ? '' : 'unseen '}${element.outerHTML.slice(0, 200)}`;
}
