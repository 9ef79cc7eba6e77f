import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPatterns } from '../check/check-patterns.ts';
import { writeTree } from './check-tree.ts';

type Mode = 'start' | 'snippets' | 'whole' | 'cold';
type Measured = { cpu: number; memory: number; found: string };

const MODES: Record<Mode, string> = {
  start: 'Node and the modules alone',
  snippets: 'snippets and proof',
  whole: 'whole check with page structure',
  cold: 'snippets and proof, cache cold',
};
const RUNS = 5;
const BIG = 1000;
const SMALL = 100;

const [mode, root] = process.argv.slice(2);
if (mode !== undefined && root !== undefined) await measureHere(mode as Mode, root);
else await compareSizes();

/** The child: one check in a process of its own, which tells what that process cost as a whole. */
async function measureHere(mode: Mode, root: string): Promise<void> {
  const ids = mode === 'start' ? { ids: [] } : {};
  const { findings, patterns, snippets } = await checkPatterns(root, {
    ...ids,
    structure: mode === 'whole',
  });
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const found = `${patterns} pages, ${snippets} snippets, ${findings.length} findings`;
  const measured = { cpu: (userCPUTime + systemCPUTime) / 1e6, memory: maxRSS / 1024, found };
  console.log(JSON.stringify(measured));
}

/** The parent: a big tree and a tenth of it, the median of some runs each. */
async function compareSizes(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'check-bench-'));
  try {
    const big = await prepareTree(join(folder, 'big'), BIG);
    const small = await prepareTree(join(folder, 'small'), SMALL);
    console.log(`${''.padEnd(34)}CPU s    MB     CPU s    MB     ratio`);
    console.log(`${''.padEnd(34)}${BIG} pages    ${SMALL} pages`);
    for (const mode of Object.keys(MODES) as Mode[]) printRow(mode, big, small);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function prepareTree(root: string, patterns: number): Promise<string> {
  writeTree(root, patterns);
  await checkPatterns(root, { write: true });
  return root;
}

function printRow(mode: Mode, big: string, small: string): void {
  const [most, least] = [measure(mode, big), measure(mode, small)];
  const columns = [
    most.cpu.toFixed(2),
    most.memory.toFixed(0),
    least.cpu.toFixed(2),
    least.memory.toFixed(0),
  ];
  const ratio = (most.cpu / least.cpu).toFixed(1);
  const cells = [...columns, ratio].map((cell) => cell.padEnd(8)).join('');
  console.log(`${MODES[mode].padEnd(34)}${cells} ${most.found}`);
}

function measure(mode: Mode, root: string): Measured {
  runChild(mode, root);
  const runs = Array.from({ length: RUNS }, () => runChild(mode, root));
  const byCpu = runs.sort((a, b) => a.cpu - b.cpu);
  const middle = byCpu[Math.floor(RUNS / 2)];
  if (middle === undefined) throw new RangeError('no run was made');
  // Memory is told at its worst: it is the bound that matters.
  return { ...middle, memory: Math.max(...runs.map(({ memory }) => memory)) };
}

/** Compiled modules are kept as Node keeps them for any program, but for the row that does without. */
function runChild(mode: Mode, root: string): Measured {
  const cache = mode === 'cold' ? {} : { NODE_COMPILE_CACHE: join(root, '../compiled') };
  const output = execFileSync(process.execPath, [import.meta.filename, mode, root], {
    env: { ...process.env, ...cache },
  });
  return JSON.parse(String(output)) as Measured;
}
