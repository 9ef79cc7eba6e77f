import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPattern } from '../helpers/built-site.ts';
import { listChosenPages } from '../helpers/chosen-pages.ts';
import { desktop, openSite, phone } from '../helpers/open-site.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const site = openSite();

describe.each(listChosenPages())('%s in the browser', (path) => {
  let page: Page;
  const foreign: string[] = [];
  const errors: string[] = [];

  beforeAll(async () => {
    page = await site.openForLong(path, (opened) => {
      opened.on('pageerror', ({ message }) => errors.push(message));
      opened.on('console', (message) => {
        if (message.type() === 'error') errors.push(message.text());
      });
      opened.on('request', (request) => {
        if (!request.url().startsWith(site.url)) foreign.push(request.url());
      });
    });
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
    // Expressive Code makes wide code focusable a moment after its size has changed.
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.expressive-code pre')].every(
        (pre) => pre.scrollWidth <= pre.clientWidth || pre.hasAttribute('tabindex'),
      ),
    );
    await page.evaluate(AXE);
    const faults = await page.evaluate(runAxe);
    expect(faults).toEqual([]);
  });

  if (isPattern(path)) describePattern(path, () => page);

  it('asks no other host for anything and reports no error', () => {
    expect({ foreign, errors }).toEqual({ foreign: [], errors: [] });
  });
});

function describePattern(path: string, open: () => Page): void {
  it('says before anything else its symptoms, when to use it and when not', async () => {
    const headings = await open().locator('main h2').allInnerTexts();
    expect(headings.slice(0, 4)).toEqual(['Symptoms', 'Use when', 'Not when', 'Problem']);
  });

  it('draws each diagram and says it in words too', async () => {
    const drawn = await open()
      .getByRole('img', { name: /^Diagram\. .+ to .+/ })
      .count();
    expect(drawn).toBe(countDiagrams(path));
  });

  it('shows its failures, on a phone as cards that name their columns', async () => {
    await open().setViewportSize(phone);
    const cell = open().locator('table.stackable td[data-label="With this pattern"]').first();
    expect(await cell.isVisible()).toBe(true);
    expect((await cell.boundingBox())?.width).toBeGreaterThan(phone.width * 0.6);
  });

  it('names the tests of its lines to a reader with a keyboard', async () => {
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
    '../../..',
    path.replace('/patterns/', 'examples/'),
    'proof.json',
  );
  return JSON.parse(readFileSync(file, 'utf8')).tests;
}

/** How many mermaid fences the source of a pattern page has. */
function countDiagrams(path: string): number {
  const source = readFileSync(join(import.meta.dirname, `../../..${path.slice(0, -1)}.md`), 'utf8');
  return source.match(/^```mermaid/gm)?.length ?? 0;
}
