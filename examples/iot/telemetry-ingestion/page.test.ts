import { launchChromium } from '@touchstone/kit/browser/chromium';
import { expect, it } from 'vitest';
import { startTestApp } from './test-app.ts';

it('shows the latest values and a line of the recent ones, and follows them', async () => {
  await using app = await startTestApp();
  await using kitchen = await app.site.connect('kitchen');
  const at = Date.parse('2026-01-01T00:00:00Z');
  await kitchen.send({ sequence: 1, at, value: 20 });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (line) => void complaints.push(line.text()));
    page.on('pageerror', (error) => void complaints.push(`${error}`));

    const response = await page.goto(app.url);
    await page.getByRole('cell', { name: '20', exact: true }).waitFor();
    await kitchen.send({ sequence: 2, at: at + 1000, value: 23.5 });
    await page.getByRole('cell', { name: '23.5' }).waitFor();

    const line = page.getByRole('img', { name: 'celsius, 2 values' });
    expect(await line.locator('polyline').getAttribute('points')).toBe(
      '0,31 1,1',
    );
    expect(response?.headers()['content-security-policy']).toContain(
      "default-src 'none'",
    );
    expect(
      complaints.filter((one) => !one.includes('favicon')),
    ).toEqual([]);
  } finally {
    await browser.close();
  }
});
