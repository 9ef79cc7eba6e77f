import type { Browser } from 'playwright-core';
import { findProgram } from '../programs/find-program.ts';
import { noteService } from '../testing/evidence.ts';

/** Starts Chromium without a window; its profile is empty, and gone once it is closed; `args` are for its command line. */
export async function launchChromium(args: string[] = []): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    headless: true,
    // Chromium refuses to start its sandbox as root, and the one from npm has none.
    chromiumSandbox: false,
    // Playwright itself turns off the first run, sync, updates and all calls home.
    args: ['--disable-gpu', '--disable-quic', ...args],
    timeout: 0,
  });
  // The test or the demo has a time limit: a second one would measure the machine.
  browser.on('context', (context) => context.setDefaultTimeout(0));
  noteService('Chromium', browser.version());
  return browser;
}

/** The path of Chromium: CHROMIUM_PATH, PATH, Debian's package, else the one from npm. */
async function findChromium(): Promise<string> {
  const found = await findProgram({
    names: ['chromium', 'chromium-browser', 'google-chrome', MAC_CHROME],
    variable: 'CHROMIUM_PATH',
    debianPackage: 'chromium',
  });
  return found ?? (await unpackChromium());
}

const MAC_CHROME = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

async function unpackChromium(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('Chromium was not found: install it, or set CHROMIUM_PATH to it');
  const { default: packed } = await import('@sparticuz/chromium');
  return await packed.executablePath();
}
