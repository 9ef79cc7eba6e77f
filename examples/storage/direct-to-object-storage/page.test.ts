import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchChromium } from '@touchstone/kit/browser/chromium';
import { startSwift } from '@touchstone/kit/object-storage/swift';
import type { Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { FILE, startTestApp } from './test-app.ts';
import { startCorsStore } from './test-cors.ts';

const objectStore = await startCorsStore(await startSwift());
const browser = await launchChromium();
afterAll(async () => {
  await browser.close();
  await objectStore[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

// On disk: a reload must find the same file, with the same time.
const folder = mkdtempSync(join(tmpdir(), 'touchstone-upload-'));
const holiday = join(folder, 'holiday.mp4');
writeFileSync(holiday, Buffer.from(await FILE.arrayBuffer()));

it('uploads with the keyboard alone, with no more CORS than cors.json allows, and gives the file back', async () => {
  await using app = await startTestApp(objectStore);
  await using tab = await openTab(app.url);
  const { page } = tab;
  objectStore.allow(app.url);

  await page.keyboard.press('Tab');
  await page.keyboard.type('ada');
  await page.keyboard.press('Enter');
  // Keys go to what has the focus: wait for it, not for time.
  await page.locator('#file:focus').waitFor();
  await page.getByLabel('File').setInputFiles(holiday);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');

  await page.getByText('holiday.mp4 is received').waitFor();
  expect(await readProgress(page)).toBe(1);
  await page.keyboard.press('Tab');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.keyboard.press('Enter'),
  ]);
  expect(download.suggestedFilename()).toBe('holiday.mp4');
  expect(tab.errors).toEqual([]);
});

it('sends nothing from an origin that cors.json does not allow', async () => {
  await using app = await startTestApp(objectStore);
  await using tab = await openTab(app.url);

  await upload(tab.page);

  await tab.page.getByText('0 % sent').waitFor();
  await expect
    .poll(() => tab.errors.join(), { timeout: 60_000 })
    .toContain('CORS policy');
});

it('sends a part again that failed, and no other, also after a reload', async () => {
  await using app = await startTestApp(objectStore);
  await using tab = await openTab(app.url);
  const { page, sent } = tab;
  objectStore.allow(app.url);
  let failures = 0;
  await tab.context.route(isPart(2), (route) =>
    failures++ === 0
      ? route.abort('connectionreset')
      : route.fallback(),
  );
  await tab.context.route(isPart(3), (route) => route.abort());

  await upload(page);
  await page.getByText('99 % sent').waitFor();
  await tab.context.unroute(isPart(3));
  await page.reload();
  await upload(page);

  await page.getByText('holiday.mp4 is received').waitFor();
  expect(failures).toBe(2);
  // The page may say so before the browser tells of the last answer.
  await expect
    .poll(() => sent, { timeout: 60_000 })
    .toEqual({ 1: 1, 2: 1, 3: 1 });
});

it('may send to the store and to nobody else', async () => {
  await using app = await startTestApp(objectStore);
  await using tab = await openTab(app.url);

  const leak = tab.page.evaluate(() => fetch('http://127.0.0.1:9/'));

  await expect(leak).rejects.toThrow('Failed to fetch');
  expect(tab.errors.join()).toContain('Content Security Policy');
});

/** A tab, its errors, and how often each part arrived at the store. */
async function openTab(url: string) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const errors: string[] = [];
  const sent: Record<string, number> = {};
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  context.on('response', (response) => {
    const place = new URL(response.request().url());
    const number = place.searchParams.get('partNumber');
    if (number && response.request().method() === 'PUT')
      sent[number] = (sent[number] ?? 0) + 1;
  });
  await page.goto(url);
  const dispose = () => context.close();
  return {
    context,
    page,
    errors,
    sent,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Logs in first; `fill` and `click` wait until they can. */
async function upload(page: Page) {
  await page.getByLabel('Your name').fill('ada');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.locator('#file:focus').waitFor();
  await page.getByLabel('File').setInputFiles(holiday);
  await page.getByRole('button', { name: 'Upload' }).click();
}

const isPart = (number: number) => new RegExp(`partNumber=${number}&`);

function readProgress(page: Page): Promise<string | null> {
  return page
    .getByRole('progressbar')
    .evaluate((bar) => Reflect.get(bar, 'value'));
}
