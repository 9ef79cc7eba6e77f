import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { readFrontmatter } from '../../scripts/page/frontmatter.ts';
import { listTests } from '../markdown-plugins/failure-links.ts';
import { linkSource } from '../source-links.ts';
import { isPattern, listLinks, listPages, readPage, readTwin } from './helpers/built-site.ts';
import { desktop, openSite, phone } from './helpers/open-site.ts';

const ROOT = join(import.meta.dirname, '../..');
const PATTERN = '/patterns/auth/refresh-token-rotation/';
const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] };

const site = openSite();

describe('the failures of a page', () => {
  it.each(listPages().filter(isPattern))('each lead to their test: %s', (path) => {
    const tests = listTests(ROOT, path.slice('/patterns/'.length, -1));
    const cells = readPage(path).matchAll(/<td data-label="What goes wrong"[^>]*>(.*?)<\/td>/g);
    const rows = [...cells].map(([, cell = ''], index) => {
      const [file = '', line = ''] = (tests[index] ?? '').split('#L');
      const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
      // The call begins at the line; its title may be on the next one.
      const text = lines.slice(Number(line) - 1, Number(line) + 1).join(' ');
      // The page has the quotes of a typesetter.
      const title = readText(cell).replaceAll(/[“”]/g, '"');
      const [, url] = /^<a href="([^"]*)">/.exec(cell) ?? [];
      return { title, url, test: tests[index] ?? '', text: text.replaceAll(/[`\\]/g, '') };
    });

    expect(rows.length).toBe(readProof(path).failures.length);
    expect(rows.filter(({ text, title }) => !text.includes(title))).toEqual([]);
    expect(rows.filter(({ url, test }) => url !== linkSource(test))).toEqual([]);
  });

  it.each([{}, { viewport: phone }])('are narrowed by words in %j', async (options) => {
    const page = await site.open(PATTERN, options);
    const rows = page.locator('tbody tr', {
      has: page.locator('[data-label="With this pattern"]'),
    });
    const shown = rows.filter({ visible: true });
    expect(await shown.count()).toBe(readProof(PATTERN).failures.length);

    await page.getByRole('searchbox', { name: 'Filter failures' }).fill('CLOCKS machines');

    expect(await shown.locator('td:first-child').allInnerTexts()).toEqual([
      'The clocks of two machines differ',
    ]);
    expect(await page.getByText('1 failure', { exact: true }).count()).toBe(1);
  });
});

describe('the naive way', () => {
  it('changes places with the pattern, and names its own tests', async () => {
    const page = await site.open(PATTERN);
    const code = page.locator('.versus').first();
    const shown = code.locator('figure:not([inert])');
    expect(await shown.locator('.title').textContent()).toBe('refresh-tokens.ts');

    await code.getByRole('button', { name: 'The naive way' }).click();

    expect(await shown.locator('.title').textContent()).toBe('naive.ts');
    expect(await shown.locator('pre').textContent()).toContain('jwtVerify(refreshToken, secret)');
    await shown.locator('.proof button').first().click();
    expect(await page.locator('.proof-note:popover-open').textContent()).toContain('naive.test.ts');
  });

  it('leaves all that follows where it is', async () => {
    const page = await site.open(PATTERN);
    const findPlace = () =>
      page.locator('#run-it').evaluate((heading) => heading.getBoundingClientRect().y + scrollY);
    const before = await findPlace();
    await page.getByRole('button', { name: 'The naive way' }).first().click();

    expect(await findPlace()).toBe(before);
  });

  it('is reached and left by keyboard, and what is not seen is not', async () => {
    const page = await site.open(PATTERN);
    const code = page.locator('.versus').first();
    await code.getByRole('button', { name: 'The naive way' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');

    const focused = page.locator(':focus');
    expect(await focused.evaluate((element) => element.closest('figure')?.textContent)).toContain(
      'naive.ts',
    );
  });
});

it('is complete without JavaScript, and promises nothing that needs it', async () => {
  const page = await site.open(PATTERN, { javaScriptEnabled: false });

  const failures = page.locator('td[data-label="With this pattern"]:visible');
  expect(await failures.count()).toBe(readProof(PATTERN).failures.length);
  expect(await page.locator('form.filter:visible').count()).toBe(0);
  expect(await page.locator('.title', { hasText: 'naive.ts' }).count()).toBe(1);
  expect(await page.locator('main').getByRole('button', { name: 'The naive way' }).count()).toBe(0);
});

it('shows its symptoms and the core of its code before the story of the problem', async () => {
  const page = await site.open(PATTERN);
  const place = async (locator: Locator) => (await locator.boundingBox())?.y ?? Infinity;
  const symptom = page.getByText('JWT refresh token cannot be revoked').first();
  const core = page.locator('main figure', { hasText: 'refresh-tokens.ts' }).first();
  expect(await symptom.isVisible()).toBe(true);
  expect(await place(symptom)).toBeLessThan(await place(core));
  expect(await place(core)).toBeLessThan(await place(page.locator('#problem')));
});

it.each([desktop, phone])(
  'shows its symptoms on the first screen, before the box of ways to use it, in %j',
  async ({ height, ...width }) => {
    const page = await site.open(PATTERN, { viewport: { ...width, height } });
    const symptoms = await findBox(page.locator('section.symptoms'));
    const box = await findBox(page.locator('form.use'));
    expect(symptoms.y + symptoms.height).toBeLessThanOrEqual(box.y);
    expect(symptoms.y).toBeLessThan(height);
  },
);

it('says first how to install the package from a clone, as the home page does', async () => {
  const page = await site.open(PATTERN);
  const add = await page.locator('.use .add').textContent();
  expect(add).toMatch(/npm pack \.\/agents.*npm install --save-dev <the file>.*npx /s);
  const home = await site.open('/');
  const tools = await home.locator('section', { hasText: 'How an AI tool uses it' }).textContent();
  expect(tools).toMatch(/npm pack \.\/agents.*npm install --save-dev <the file>.*npx /s);
});

it('has its filter under the heading, and its switch in the face of the page', async () => {
  const page = await site.open(PATTERN, { viewport: desktop });
  const heading = await findBox(page.locator('#what-can-go-wrong'));
  const filter = await findBox(page.locator('form.filter'));
  const table = await findBox(page.locator('table.stackable').first());
  expect(filter.x).toBe(heading.x);
  expect(filter.y).toBeGreaterThanOrEqual(heading.y + heading.height);
  expect(filter.y + filter.height).toBeLessThanOrEqual(table.y);
  const face = (selector: string) =>
    page
      .locator(selector)
      .first()
      .evaluate((element) => getComputedStyle(element).fontFamily);
  expect(await face('.versus [role="group"] button')).toBe(await face('body'));
});

async function findBox(locator: Locator) {
  const box = await locator.boundingBox();
  if (!box) throw new Error('not on the page');
  return box;
}

it.each(listPages().filter(isPattern))(
  'links to each alternative that is a pattern, and calls the others planned: %s',
  (path) => {
    const source = readFileSync(join(ROOT, `${path.slice(1, -1)}.md`), 'utf8');
    const { notWhen = [] } = readFrontmatter(path, source).data ?? {};
    const pages = notWhen.flatMap(({ topics = [] }) => topics.map((id) => `/patterns/${id}/`));
    const written = pages.filter((page) => listPages().includes(page));
    const [, shown = ''] = /id="not-when"(.*?)<\/section>/s.exec(readPage(path)) ?? [];

    expect(listLinks(shown)).toEqual([...new Set(written)]);
    expect(shown.split('(planned)').length - 1).toBe(pages.length - written.length);
  },
);

it('explains the words of its proof in the glossary', () => {
  for (const term of ['level', 'failure', 'proof', 'lines-of-code-covered', 'mutant'])
    expect(readPage(PATTERN)).toContain(`href="/glossary/#${term}"`);
});

it('shows the ways to use it in one place, by keyboard too', async () => {
  const page = await site.open(PATTERN);
  const shown = page.locator('.panels > div').filter({ visible: true });
  expect(await shown.textContent()).toContain('add auth/refresh-token-rotation --with-tests');
  await page.getByRole('radio', { name: 'Add it' }).focus();

  await page.keyboard.press('ArrowRight');

  expect(await shown.textContent()).toContain('npm run example auth/refresh-token-rotation');
  expect(await page.getByRole('radio', { name: 'Run it' }).isChecked()).toBe(true);
});

describe('the code', () => {
  it('says how many tests ran it, and names them', async () => {
    const page = await site.open(PATTERN);
    const block = page.locator('figure[data-shows="refresh-tokens.ts#rotate"]');
    const label = block.getByRole('button', { name: /^run by \d+ tests$/ });
    const [count] = /\d+/.exec((await label.textContent()) ?? '') ?? [];
    await label.click();

    const note = page.locator('.proof-note:popover-open');
    expect(await note.getByRole('listitem').count()).toBe(Number(count));
  });

  it('is folded when it is long: one click opens it, and print has all of it', async () => {
    const page = await site.open(PATTERN);
    const block = page.locator('figure[data-shows="refresh-tokens.ts#rotate"]');
    const last = block.locator('.ec-line').last();
    const isShown = () => last.evaluate((line) => line.checkVisibility());
    expect(await isShown()).toBe(false);
    await page.emulateMedia({ media: 'print' });
    expect(await isShown()).toBe(true);
    await page.emulateMedia({ media: 'screen' });

    await block.getByText('Show 21 more lines').click();

    expect(await isShown()).toBe(true);
    // The fold parts the first run of lines: it has a mark above the fold and one below.
    const marks = block.locator('.proof button');
    const [above, below] = await marks.evaluateAll((all) => all.map((mark) => mark.ariaLabel));
    expect(above).toMatch(/^Lines 1 to 2\d: /);
    expect(below).toBe(above);
  });

  it('of the core is what its page names, and its marks name the tests of the whole', async () => {
    const page = await site.open(PATTERN);
    const core = page.locator('main figure').first();
    const lines = await core.locator('.ec-line .code').allTextContents();
    expect(lines.at(0)?.trim()).toBe('const { nextHash, recent, ...login } = found;');
    expect(lines.at(-1)?.trim()).toBe('}');
    expect(lines).toHaveLength(13);

    await core.locator('.proof button').first().click();
    expect(await page.locator('.proof-note:popover-open li').count()).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Show 20 more lines' }).click();
    expect(new URL(page.url()).hash).toBe('#code-refresh-tokens-ts-recognise-retry');
  });

  it('of the naive way says not to use it, and has no button that copies it', async () => {
    const page = await site.open(PATTERN);
    const naive = page.locator('figure.wrong', { hasText: 'naive.ts' }).first();
    expect(await naive.locator('.flag').textContent()).toBe('do not use');
    expect(await naive.getByRole('button', { name: 'Copy to clipboard' }).count()).toBe(0);
  });

  it('is where its defences lead', async () => {
    const page = await site.open(PATTERN);
    await page.getByRole('link', { name: 'rotate', exact: true }).first().click();
    const place = await page.locator('#code-refresh-tokens-ts-rotate').boundingBox();
    expect(place?.y).toBeGreaterThan(0);
    expect(place?.y).toBeLessThan(400);
  });
});

it('shows two charts, and folds the others with the tables', async () => {
  const page = await site.open(PATTERN);
  const charts = page.locator('.bench').filter({ visible: true });
  expect(await charts.count()).toBe(2);

  await page.getByText('1 more chart, and all figures as tables').click();

  expect(await charts.count()).toBe(3);
  expect(await page.locator('.figures table').first().isVisible()).toBe(true);
});

describe('what is copied', () => {
  it('is the page as Markdown, which is served as text', async () => {
    const page = await site.open(PATTERN, CLIPBOARD);
    await page.getByRole('button', { name: 'Copy page as Markdown' }).click();
    await page.getByText('Copied').waitFor();
    expect(await readClipboard(page)).toBe(readTwin(PATTERN));

    const link = page.locator('link[rel=alternate][type="text/markdown"]');
    const twin = await page.request.get(`${site.url}${await link.getAttribute('href')}`);
    expect(twin.headers()['content-type']).toBe('text/markdown; charset=utf-8');
    expect(await twin.text()).toBe(readTwin(PATTERN));
  });

  it.each([
    'Copy npm run example auth/refresh-token-rotation',
    'Copy npm run bench -- auth/refresh-token-rotation',
  ])('is the command alone: %s', async (name) => {
    const page = await site.open(PATTERN, CLIPBOARD);
    await page.getByRole('button', { name, exact: true }).last().click();
    await page.getByText('Copied', { exact: true }).waitFor();

    expect(await readClipboard(page)).toBe(name.replace('Copy ', ''));
  });

  it('is the command at the top, before anything is read', async () => {
    const page = await site.open(PATTERN, CLIPBOARD);
    await page.locator('.use label', { hasText: 'Run it' }).click();
    await page.locator('.run').getByRole('button', { name: /^Copy/ }).click();
    await page.locator('.run').getByText('Copied').waitFor();

    expect(await readClipboard(page)).toBe('npm run example auth/refresh-token-rotation');
  });

  it.each(['--demo', '--naive'])('is the command and not what it printed: %s', async (option) => {
    const page = await site.open(PATTERN, CLIPBOARD);
    const command = `npm run example auth/refresh-token-rotation -- ${option}`;
    const terminal = page.locator('.is-terminal', { hasText: command }).first();
    await terminal.getByRole('button', { name: 'Copy the command' }).click();
    await terminal.getByText('Copied!').waitFor();

    expect(await readClipboard(page)).toBe(command);
  });

  it('is the code as it is in its file', async () => {
    const page = await site.open(PATTERN, CLIPBOARD);
    const block = page.locator('figure[data-shows="refresh-tokens.ts#hash-and-successor"]');
    await block.getByRole('button', { name: 'Copy to clipboard' }).click();
    await block.getByText('Copied!').waitFor();

    const copied = await readClipboard(page);
    expect(copied.split('\n').length).toBeGreaterThan(5);
    const file = join(ROOT, 'examples/auth/refresh-token-rotation/refresh-tokens.ts');
    const source = readFileSync(file, 'utf8').replaceAll(/^ +/gm, '');
    expect(source).toContain(copied.replaceAll(/^ +/gm, ''));
  });
});

const readClipboard = (page: Page): Promise<string> =>
  page.evaluate(() => navigator.clipboard.readText());

function readProof(path: string): { failures: unknown[] } {
  const file = join(ROOT, path.replace('/patterns/', 'examples/'), 'proof.json');
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The text of HTML without its tags, as a source has it. */
function readText(html: string): string {
  const text = html.replaceAll(/<[^>]+>/g, '').replaceAll('&lt;', '<');
  return text.replaceAll('&#x3C;', '<').replaceAll('&amp;', '&');
}
