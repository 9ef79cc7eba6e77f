import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { launchChromium } from '../../../examples/kit/browser/chromium.ts';
import { DIST } from './built-site.ts';
import { type FolderServer, serveFolder } from './serve-folder.ts';

/** A phone and a desk, as wide as most of them. */
export const phone = { width: 390, height: 844 };
export const desktop = { width: 1280, height: 900 };

/** What is done with a page before anything is loaded. */
type Prepare = (page: Page) => void;

/** Opens pages of the built site, each in a window of its own that is closed after the test. */
export type Site = {
  open: (path: string, options?: BrowserContextOptions, prepare?: Prepare) => Promise<Page>;
  /** A window that stays open until it is closed. */
  openForLong: (path: string, prepare: Prepare) => Promise<Page>;
  readonly url: string;
};

/** Starts a browser and a server of the built site for the tests of a file. */
export function openSite(): Site {
  let browser: Browser;
  let server: FolderServer;
  const windows: BrowserContext[] = [];

  beforeAll(async () => {
    [browser, server] = await Promise.all([launchChromium(), serveFolder(DIST)]);
  });

  afterEach(async () => {
    await Promise.all(windows.splice(0).map((window) => window.close()));
  });

  afterAll(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  return {
    get url() {
      return server.url;
    },
    async open(path, options, prepare) {
      const window = await browser.newContext(options);
      windows.push(window);
      const page = await window.newPage();
      prepare?.(page);
      await page.goto(server.url + path);
      return page;
    },
    async openForLong(path, prepare) {
      const page = await browser.newPage();
      prepare(page);
      await page.goto(server.url + path);
      return page;
    },
  };
}
