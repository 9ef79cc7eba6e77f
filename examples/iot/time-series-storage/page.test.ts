import { launchChromium } from '@touchstone/kit/browser/chromium';
import { systemClock } from '@touchstone/kit/time/clock';
import { expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';

it('draws a chart that is live, has gaps, and can be used without a mouse', async () => {
  await using app = await startTestApp(systemClock().toISOString());
  const now = Date.now();
  const send = (secondsAgo: number, value: number) =>
    app.append({
      [new Date(now - secondsAgo * 1000).toISOString()]: value,
    });
  for (const [secondsAgo, value] of [
    [3000, 10],
    [2990, 12],
    [1200, 30],
    [1190, 28],
  ] as const)
    await send(secondsAgo, value);
  await using browser = await openPage(app.url);
  const { page, problems } = browser;

  await page.locator('#span').selectOption('1 hour');
  const chart = page.getByRole('img', { name: /^roof: 10 to 30/ });
  await chart.waitFor();

  // Two runs of points, with a gap between them.
  expect(await page.locator('path.mean').count()).toBe(2);
  expect(await page.locator('#latest').textContent()).toBe(
    'Latest: 28',
  );
  await send(30, 40);
  await page.getByText('Latest: 40').waitFor();
  expect(await page.locator('path.mean').count()).toBe(3);

  const slider = page.getByRole('slider', { name: 'Point' });
  const read = async () =>
    `${await slider.getAttribute('aria-valuetext')}`;
  await page.locator('#span').focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('End');
  const heard = [await read()];
  while (heard.length < 200) {
    await page.keyboard.press('ArrowLeft');
    heard.push(await read());
  }
  for (const said of [
    'mean 40, from 40 to 40',
    'mean 28',
    'no reading',
  ])
    expect(heard.join()).toContain(said);
  expect(await page.locator('line.cursor').count()).toBe(1);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const cells = page.getByRole('row').filter({ hasText: '40' });
  await cells.first().waitFor();
  expect(problems).toEqual([]);
});

it('follows the light, and says so when the server is gone', async () => {
  await using app = await startTestApp(systemClock().toISOString());
  await using browser = await openPage(app.url);
  const { page } = browser;
  await page.getByText('No readings in this span.').waitFor();

  const colours = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    colours.push(
      await page.evaluate<string>(
        'getComputedStyle(document.body).backgroundColor',
      ),
    );
  }
  expect(colours).toEqual(['rgb(255, 255, 255)', 'rgb(20, 23, 28)']);

  await page.route('**/sensors', (route) => route.abort());
  await page.getByText('The server does not answer').waitFor();
});

it('allows no script but its own', async () => {
  await using app = await startTestApp();

  const response = await fetch(app.url);

  expect(response.headers.get('content-security-policy')).toBe(
    "default-src 'none'; script-src 'self'; style-src 'self'; " +
      "connect-src 'self'; base-uri 'none'; form-action 'none'; " +
      "frame-ancestors 'none'",
  );
});

async function openPage(url: string) {
  const browser = await launchChromium();
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('pageerror', ({ message }) => problems.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  await page.goto(url);
  return {
    page,
    problems,
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
