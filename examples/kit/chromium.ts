import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** Starts Chromium without a window; its profile is empty, and gone once it is closed. */
export async function launchChromium(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return await chromium.launch({
    executablePath: await findChromium(),
    headless: true,
    // Chromium refuses to start its sandbox as root.
    chromiumSandbox: !isRoot(),
    // Playwright itself turns off the first run, sync, updates and all calls home.
    args: ['--disable-gpu', '--disable-quic'],
  });
}

/** The path of Chromium: CHROMIUM_PATH, PATH, else Debian's package; throws a sentence without any. */
export async function findChromium(): Promise<string> {
  const { CHROMIUM_PATH: chosen } = process.env;
  if (chosen && !isProgram(chosen)) throw new Error(`CHROMIUM_PATH is no program: ${chosen}`);
  const found = chosen || findOnPath() || (await installFromDebian());
  if (found) return found;
  throw new Error(
    'Chromium was not found: install it (https://www.chromium.org), or set CHROMIUM_PATH to it.',
  );
}

function findOnPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
}

async function installFromDebian(): Promise<string | undefined> {
  if (!isRoot() || !isDebian()) return undefined;
  console.log('• installing Chromium with apt-get: it is not on PATH');
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const aptGet = (...words: string[]) =>
    promisify(execFile)('apt-get', ['-q', ...words], { env: environment, maxBuffer: 1 << 26 });
  try {
    await aptGet('update');
    await aptGet('install', '-y', '--no-install-recommends', 'chromium');
  } catch (error) {
    console.log(`• apt-get could not: ${error instanceof Error ? error.message : error}`);
  }
  return findOnPath();
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isDebian(): boolean {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

const isRoot = (): boolean => process.getuid?.() === 0;
