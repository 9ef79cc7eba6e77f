import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from '../engine/findings.ts';
import type { PageInput } from '../engine/page.ts';

/** A folder with a page, its sources and what is to be found in them. */
export type Fixture = { name: string; input: PageInput; expected: Finding[] };

const NO_SOURCES = new Set(['page.md', 'expected.json', 'proof.json', 'bench.json', 'no-proof']);

/** Reads every folder of fixtures; the pattern of each is `area/<name>`. */
export function readFixtures(folder: string): Fixture[] {
  return readdirSync(folder).map((name) => readFixture(join(folder, name), name));
}

function readFixture(folder: string, name: string): Fixture {
  const names = readdirSync(folder);
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  const readIf = (file: string) => (names.includes(file) ? read(file) : undefined);
  const paths = names.filter((path) => !NO_SOURCES.has(path));
  const sources = new Map(paths.map((path) => [path, read(path)]));
  const proof = names.includes('no-proof')
    ? undefined
    : completeProof(readIf('proof.json'), sources);
  const input = {
    id: `area/${name}`,
    text: read('page.md'),
    sources,
    proof,
    bench: readIf('bench.json'),
    keys: { proof: 'fresh', bench: 'fresh' },
  };
  return { name, input, expected: JSON.parse(readIf('expected.json') ?? '[]') as Finding[] };
}

/** A proof in which every line was executed, changed by what the fixture says; its key is right unless it says so. */
function completeProof(text = '{}', sources: Map<string, string>): string {
  if (!text.startsWith('{')) return text;
  const files = Object.fromEntries([...sources.keys()].map((path) => [path, proveWhole(path)]));
  const base = {
    key: 'fresh',
    versions: {},
    tests: [],
    failures: [],
    files,
    unproven: {},
    outputs: {},
  };
  return JSON.stringify({ ...base, ...(JSON.parse(text) as object) });
}

const proveWhole = (path: string) =>
  path.endsWith('.ts')
    ? { kind: 'executed', lines: { '1-9': '0' } }
    : { kind: 'loaded', tests: '0' };
