import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchChromium } from '@touchstone/kit/browser/chromium';
import { startSwift } from '@touchstone/kit/object-storage/swift';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { FILE, startTestApp } from './test-app.ts';

const objectStore = await startSwift();
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

it('uploads with the keyboard alone, shows progress, and gives the file back', async () => {
  await using app = await startTestApp(objectStore);
  await using tab = await openTab(app.url);
  const { page } = tab;

  await page.getByLabel('Your name').focus();
  await page.keyboard.type('ada');
  await page.keyboard.press('Enter');
  await page.getByLabel('File').setInputFiles(holiday);
  await page.getByLabel('File').focus();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');

  await page.getByText('holiday.mp4 is received').waitFor();
  expect(await readProgress(page)).toBe(1);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'holiday.mp4' }).press('Enter'),
  ]);
  expect(download.suggestedFilename()).toBe('holiday.mp4');
  expect(tab.errors).toEqual([]);
});

it('sends a part again that failed, and no other', async () => {
  await using app = await startTestApp(objectStore);
  await using tab = await openTab(app.url);
  const { page } = tab;
  const sent = await countParts(tab.context);
  let failures = 0;
  await tab.context.route(isPart(2), (route) =>
    failures++ === 0
      ? route.abort('connectionreset')
      : route.fallback(),
  );

  await logIn(page);
  await upload(page);

  await page.getByText('holiday.mp4 is received').waitFor();
  expect(failures).toBe(2);
  expect(sent).toEqual({ 1: 1, 2: 1, 3: 1 });
});

it('goes on after a reload where it was', async () => {
  await using app = await startTestApp(objectStore);
  await using tab = await openTab(app.url);
  const { page } = tab;
  const sent = await countParts(tab.context);
  await tab.context.route(isPart(3), (route) => route.abort());
  await logIn(page);
  await upload(page);
  await page.getByText('99 % sent').waitFor();

  await tab.context.unroute(isPart(3));
  await page.reload();
  await page.getByText('Not finished: holiday.mp4').waitFor();
  await upload(page);

  await page.getByText('holiday.mp4 is received').waitFor();
  expect(sent).toEqual({ 1: 1, 2: 1, 3: 1 });
});

it('may speak to the store and to nobody else', async () => {
  await using app = await startTestApp(objectStore);
  await using tab = await openTab(app.url);

  const leak = tab.page.evaluate(() => fetch('http://127.0.0.1:9/'));

  await expect(leak).rejects.toThrow('Failed to fetch');
  expect(tab.errors.join()).toContain('Content Security Policy');
});

async function openTab(url: string) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => {
    // The page asks whether it is logged in, and 401 is the answer.
    const isAnswer = message.text().includes('401');
    if (message.type() === 'error' && !isAnswer)
      errors.push(message.text());
  });
  await page.goto(url);
  await page.getByLabel('Your name').waitFor();
  const dispose = () => context.close();
  return { context, page, errors, [Symbol.asyncDispose]: dispose };
}

async function logIn(page: Page) {
  await page.getByLabel('Your name').fill('ada');
  await page.getByRole('button', { name: 'Log in' }).click();
}

async function upload(page: Page) {
  await page.getByLabel('File').setInputFiles(holiday);
  await page.getByRole('button', { name: 'Upload' }).click();
}

const isPart = (number: number) => new RegExp(`partNumber=${number}&`);

/** How often each part went out to the store. */
async function countParts(context: BrowserContext) {
  const sent: Record<string, number> = {};
  context.on('response', (response) => {
    const request = response.request();
    const number = new URL(request.url()).searchParams.get(
      'partNumber',
    );
    if (number && request.method() === 'PUT')
      sent[number] = (sent[number] ?? 0) + 1;
  });
  return sent;
}

function readProgress(page: Page): Promise<number> {
  return page
    .getByRole('progressbar')
    .evaluate((bar) => (bar as HTMLProgressElement).value);
}
