import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { launchChromium } from '../../examples/kit/chromium.ts';
import { DIST } from './built-site.ts';
import { type FolderServer, serveFolder } from './serve-folder.ts';

/** Opens a page of the site in a browser window of its own; `prepare` comes before the page does. */
export type OpenPage = (
  path: string,
  options: BrowserContextOptions,
  prepare?: (page: Page) => void,
) => Promise<Page>;

/** Serves the built site to the tests of a file, and starts a browser for them. */
export function openSite(): OpenPage {
  let browser: Browser;
  let server: FolderServer;
  beforeAll(async () => {
    [browser, server] = await Promise.all([launchChromium(), serveFolder(DIST)]);
  });
  afterAll(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });
  return async (path, options, prepare) => {
    const page = await browser.newPage(options);
    prepare?.(page);
    await page.goto(new URL(path, server.url).href);
    return page;
  };
}
