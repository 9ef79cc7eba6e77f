import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen } from '@touchstone/kit/app/http';
import { launchChromium } from '@touchstone/kit/browser/chromium';
import { createNaiveApp } from './naive.ts';
import { makePhoto, readLatitude } from './test-images.ts';

/** The naive app on a socket, with a folder of its own. */
export async function startNaiveApp() {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-uploads-'));
  mkdirSync(join(folder, 'uploads'));
  const server = await listen(createNaiveApp(join(folder, 'uploads')));

  async function upload(name: string, body: Buffer, type: string) {
    const path = `/uploads/${encodeURIComponent(name)}`;
    const { status } = await fetch(`${server.url}${path}`, {
      method: 'PUT',
      headers: { 'content-type': type },
      body: Uint8Array.from(body),
    });
    return status;
  }

  async function dispose() {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  }
  return { ...server, folder, upload, [Symbol.asyncDispose]: dispose };
}

type Naive = Awaited<ReturnType<typeof startNaiveApp>>;

/** What the script in an "image" knows of the person who opens it. */
export async function stealCookie({ url, upload }: Naive) {
  const page = '<script>document.title = document.cookie</script>';
  const body = Buffer.from(page);
  const status = await upload('photo.html', body, 'image/png');
  await using browser = await launchChromium();
  const tab = await browser.newPage();
  await tab.goto(url);
  await tab.goto(`${url}/uploads/photo.html`);
  return { status, stolen: await tab.title() };
}

/** Where Ada lives, as anybody learns from her photo. */
export async function readHome({ url, upload }: Naive) {
  await upload('home.jpg', await makePhoto(), 'image/jpeg');
  const response = await fetch(`${url}/uploads/home.jpg`);
  return readLatitude(Buffer.from(await response.arrayBuffer()));
}

/** Whether a file can be written that is not in the folder for uploads. */
export async function leaveFolder({ folder, upload }: Naive) {
  await upload('../cron', Buffer.from('mine'), 'image/png');
  return existsSync(join(folder, 'cron'));
}
