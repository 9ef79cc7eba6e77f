import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import lighthouse from 'lighthouse';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium } from '../../examples/kit/browser/chromium.ts';
import { DIST, isPattern, listPages, readPage } from './helpers/built-site.ts';
import { type FolderServer, serveFolder } from './helpers/serve-folder.ts';

type Scores = { performance: number; others: Record<string, number>; faults: string[] };

/** The performance is measured, and a busy machine only ever lowers it; the others are facts. */
const RUNS = 3;

/** By default Lighthouse multiplies the time of this machine by four: of a busy one that says nothing about a page. */
const throttling = { cpuSlowdownMultiplier: 1 };

const FAST = 95;

const [heaviest = ''] = listPages()
  .filter(isPattern)
  .sort((a, b) => readPage(b).length - readPage(a).length);

let browser: Browser;
let server: FolderServer;
let port: number;

beforeAll(async () => {
  port = await findFreePort();
  server = await serveFolder(DIST);
  browser = await launchChromium([`--remote-debugging-port=${port}`]);
});

afterAll(async () => {
  await browser.close();
  await server[Symbol.asyncDispose]();
});

it.each(['/', heaviest])(
  '%s satisfies Lighthouse on the screen and the line of a phone',
  async (path) => {
    let best = 0;
    for (let run = 0; run < RUNS && best < FAST; run += 1) {
      const { performance, others, faults } = await audit(path);
      expect(faults).toEqual([]);
      expect(others).toEqual({ accessibility: 100, 'best-practices': 100, seo: 100 });
      best = Math.max(best, performance);
    }
    expect(best).toBeGreaterThanOrEqual(FAST);
  },
);

/** As Lighthouse does it by default, a phone on a slow line, which is simulated; but the processor is this machine's. */
async function audit(path: string): Promise<Scores> {
  const onlyCategories = ['performance', 'accessibility', 'best-practices', 'seo'];
  const flags = { port, logLevel: 'error', onlyCategories, throttling } as const;
  const result = await lighthouse(server.url + path, flags);
  if (!result) throw new Error('Lighthouse has no result');
  const { categories, audits } = result.lhr;
  const { performance, ...others } = Object.fromEntries(
    Object.entries(categories).map(([name, { score }]) => [name, Math.round(100 * (score ?? 0))]),
  );
  const weighty = Object.entries(categories)
    .filter(([name]) => name !== 'performance')
    .flatMap(([, { auditRefs }]) => auditRefs.filter(({ weight }) => weight > 0));
  const faults = weighty.map(({ id }) => audits[id]).filter((one) => one?.score === 0);
  return { performance: performance ?? 0, others, faults: faults.map((one) => one?.title ?? '') };
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port: found } = probe.address() as AddressInfo;
  await once(probe.close(), 'close');
  return found;
}
