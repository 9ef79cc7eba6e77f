import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { hashParts } from '../pattern/hash.ts';
import { openKeys } from '../pattern/keys.ts';
import { applyMutant } from './apply-mutant.ts';
import type { PlacedMutant, Verdict } from './run-mutants.ts';
import { sliceTest } from './slice-test.ts';

/** Verdicts of earlier runs, which hold as long as what they depend on is the same. */
export type VerdictMemory = {
  recall: (placed: PlacedMutant) => Verdict | undefined;
  remember: (verdict: Verdict) => void;
};

/** What a verdict says, beside its mutant. */
type Said = Pick<Verdict, 'asked' | 'caught' | 'caughtByReaders'>;

type Line = { mutant: string; dependsOn: string; said: Said };

type Memory = {
  /** Lines of JSON; each is written at once, so that a run that is ended loses nothing. */
  file: string;
  root: string;
  id: string;
  sources: ReadonlyMap<string, string>;
  page: string;
};

const TEST = /\.test\.ts$/;

/**
 * Remembers verdicts. That a reader's test caught a mutant depends on that one test: what it
 * imports, the helpers that it calls, the taken code. That none did depends on all tests.
 */
export function openVerdictMemory({ file, root, id, sources, page }: Memory): VerdictMemory {
  const known = new Map(readLines(file).map((line) => [line.mutant, line]));
  const keys = new Map<string, string>();
  mkdirSync(dirname(file), { recursive: true });

  /** The key of the example, as if it had no other test. */
  function keyOf({ caught, caughtByReaders }: Said): string {
    const test = caughtByReaders && caught ? caught : undefined;
    const name = test ? `${test.file} > ${test.test}` : '';
    const key = keys.get(name) ?? openKeys(root)({ id, sources: narrow(test), page }).proof.key;
    keys.set(name, key);
    return key;
  }

  function narrow(test: { file: string; test: string } | undefined): ReadonlyMap<string, string> {
    if (!test) return sources;
    const others = [...sources].filter(([path]) => !TEST.test(path));
    const slice = sliceTest(sources.get(test.file) ?? '', test.test);
    return new Map([...others, [test.file, slice]]);
  }

  function recall(placed: PlacedMutant): Verdict | undefined {
    const line = known.get(nameMutant(placed));
    return line && keyOf(line.said) === line.dependsOn ? { ...placed, ...line.said } : undefined;
  }

  function remember(verdict: Verdict): void {
    const { asked, caught, caughtByReaders } = verdict;
    const said = { asked, caughtByReaders, ...(caught && { caught }) };
    const line: Line = { mutant: nameMutant(verdict), dependsOn: keyOf(said), said };
    appendFileSync(file, `${JSON.stringify(line)}\n`);
  }

  return { recall, remember };
}

function readLines(file: string): Line[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').flatMap(readLine);
}

/** The last line of a run that was ended can be half a line. */
function readLine(text: string): Line[] {
  try {
    return [JSON.parse(text) as Line];
  } catch {
    return [];
  }
}

const nameMutant = ({ path, source, mutant }: PlacedMutant): string =>
  hashParts([[path, applyMutant(source, mutant)]]);
