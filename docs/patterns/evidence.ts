import { readRanges } from '../../scripts/engine/info.ts';
import { type Bench, type Proof, parseBench, parseProof } from '../../scripts/engine/records.ts';
import type { MutationRecord } from '../../scripts/mutate/mutation-record.ts';
import { followImports } from '../../scripts/pattern/follow-imports.ts';
import { examplePath, pagePath } from '../../scripts/pattern/ids.ts';
import { openKeys, type ReadKeys } from '../../scripts/pattern/keys.ts';
import { readPatternFiles } from '../../scripts/pattern/read-pattern-files.ts';
import { readMutants } from '../mutants/mutants.ts';

/** What is known of a pattern by its example; `isFresh` when the proof is of these very sources, as `mutants` always are. */
export type Evidence = {
  sources: ReadonlyMap<string, string>;
  proof?: Proof;
  bench?: Bench;
  mutants?: MutationRecord;
  isFresh: boolean;
};

/** How much of a pattern is proven. */
export type EvidenceCounts = { tests: number; failures: number; lines: number };

const known = new Map<string, Evidence>();

/** The sources and records of an example; read once in a build, and again each time while `npm start` runs. */
export function readEvidence(root: string, id: string): Evidence {
  const evidence = known.get(id) ?? readEvidenceAnew(root, id);
  if (isBuild()) known.set(id, evidence);
  return evidence;
}

/** Whether this process builds the site, so that no file changes meanwhile. */
export const isBuild = (): boolean => process.env.NODE_ENV === 'production';

function readEvidenceAnew(root: string, id: string): Evidence {
  const { page, example } = readPatternFiles(root, id);
  const sources = example?.sources ?? new Map<string, string>();
  const proof = example?.proof === undefined ? undefined : parseProof(example.proof).value;
  const bench = example?.bench === undefined ? undefined : parseBench(example.bench).value;
  const { key } = getKeys(root)({ id, sources, page }).proof;
  const isFresh = proof?.key === key;
  const mutants = readMutants(example?.mutants, key);
  const records = { ...(proof && { proof }), ...(bench && { bench }), ...(mutants && { mutants }) };
  return { sources, isFresh, ...records };
}

let keys: ReadKeys | undefined;

/** In a build the kit is read once for all patterns. */
function getKeys(root: string): ReadKeys {
  const opened = keys ?? openKeys(root);
  if (isBuild()) keys = opened;
  return opened;
}

/** What a reader has of a pattern: its page, and the files of the example that they take. */
export function listPageFiles(root: string, id: string, files: readonly string[]): string[] {
  const taken = followImports(readEvidence(root, id).sources, files);
  return [pagePath(id), ...[...taken].map((path) => examplePath(id, path))];
}

/** Tests that passed, failures tested, and lines of regions that a test executed, when the proof was recorded. */
export function countEvidence({ proof }: Evidence): EvidenceCounts {
  if (!proof) return { tests: 0, failures: 0, lines: 0 };
  const lines = Object.values(proof.files).flatMap((file) =>
    file.kind === 'executed' ? Object.keys(file.lines).flatMap(readRanges) : [],
  );
  return { tests: proof.tests.length, failures: proof.failures.length, lines: lines.length };
}

/** The sum over patterns. */
export function sumCounts(counts: EvidenceCounts[]): EvidenceCounts {
  const sum = { tests: 0, failures: 0, lines: 0 };
  for (const { tests, failures, lines } of counts) {
    sum.tests += tests;
    sum.failures += failures;
    sum.lines += lines;
  }
  return sum;
}
