import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../files/root.ts';
import { writeOwnSite, writePlainSite } from './site-tree.ts';

type Measured = { cpu: number; wall: number; memory: number };
type Pair = { own: Measured; plain: Measured };

/** How much longer than plain Starlight a page of ours may take. */
const BOUND = 1.15;

const [first = '150', second = '5'] = process.argv.slice(2);
if (first === 'build') await measureHere();
else compareSites(Number(first), Number(second));

/** The child, in the folder of a site: one build in a process of its own, and what that cost. */
async function measureHere(): Promise<void> {
  const { build } = await import('astro');
  await build({ root: process.cwd(), logLevel: 'error' });
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cpu = (userCPUTime + systemCPUTime) / 1e6;
  console.log(JSON.stringify({ cpu, wall: performance.now() / 1000, memory: maxRSS / 1024 }));
}

/** The parent: both sites built in turn, so that a busy machine is busy for both. */
function compareSites(pages: number, pairs: number): void {
  // Under the root, as the packages are: Astro takes a file of another tree for one of its site.
  const cache = join(ROOT, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'site-bench-'));
  try {
    const own = join(folder, 'own');
    const plain = join(folder, 'plain');
    for (const site of [own, plain]) mkdirSync(site);
    writeOwnSite(own, pages);
    writePlainSite(plain, pages);
    console.log(`${pages} pattern pages, ours beside plain Starlight on the same text`);
    const results = Array.from({ length: pairs }, () => printPair(buildPair(own, plain)));
    for (const key of ['cpu', 'wall'] as const) printRatio(key, results);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function buildPair(own: string, plain: string): Pair {
  return { plain: runChild(plain), own: runChild(own) };
}

function runChild(site: string): Measured {
  // Each build begins with nothing that an earlier one kept.
  for (const kept of ['dist', '.astro', 'node_modules/.astro', 'node_modules/.vite'])
    rmSync(join(site, kept), { recursive: true, force: true });
  const output = execFileSync(process.execPath, [import.meta.filename, 'build'], {
    cwd: site,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ASTRO_TELEMETRY_DISABLED: '1' },
  });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Measured;
}

function printPair(pair: Pair): Pair {
  const describe = ({ cpu, wall, memory }: Measured) =>
    `${cpu.toFixed(1)} CPU s, ${wall.toFixed(1)} s, ${memory.toFixed(0)} MB`;
  console.log(`  plain ${describe(pair.plain)}   ours ${describe(pair.own)}`);
  return pair;
}

function printRatio(key: 'cpu' | 'wall', pairs: Pair[]): void {
  const ratios = pairs.map(({ own, plain }) => own[key] / plain[key]).sort((a, b) => a - b);
  const median = ratios[Math.floor(ratios.length / 2)] ?? Number.NaN;
  const [low = median, high = median] = [ratios.at(0), ratios.at(-1)];
  const spread = `${low.toFixed(2)} to ${high.toFixed(2)}`;
  const verdict = median <= BOUND ? 'within' : 'beyond';
  console.log(`${key}: ${median.toFixed(2)} (${spread}), ${verdict} ${BOUND}`);
}
