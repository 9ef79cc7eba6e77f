import { cutFile, cutRegion } from '../../scripts/engine/cut.ts';
import { readRanges } from '../../scripts/engine/info.ts';
import type { FileProof } from '../../scripts/engine/records.ts';
import { scanRegions } from '../../scripts/engine/regions.ts';
import type { Evidence } from '../patterns/evidence.ts';

/** How a shown line is proven: run by tests, used as a whole by them, or nothing that can run. */
export type LineProof = { kind: FileProof['kind'] | 'declared'; tests: number[] };

/** Neighbouring lines with one proof, counted from 0 in the snippet. */
export type ProvenRun = LineProof & { first: number; last: number };

/** The proof of each line of a snippet, `claim.ts#claim-a-job`; undefined when nothing is known of it. */
export function proveLines(evidence: Evidence, source: string): LineProof[] | undefined {
  const [path = '', name] = source.split('#');
  const text = evidence.sources.get(path);
  if (text === undefined || !evidence.proof || !evidence.isFresh) return undefined;
  const scan = scanRegions(path, text);
  const region = name === undefined ? undefined : scan.regions.get(name);
  const cut = region ? cutRegion(scan, region) : cutFile(scan);
  const proveLine = getLineProver(evidence.proof.files[path]);
  return cut?.numbers.map((number, index) =>
    cut.lines[index] === '' ? { kind: 'declared', tests: [] } : proveLine(number),
  );
}

type LineProver = (line: number) => LineProof;

const declared: LineProof = { kind: 'declared', tests: [] };
const known = new WeakMap<FileProof, LineProver>();

/** Pages show several snippets of a file: its proof is laid out by lines once. */
function getLineProver(proof: FileProof | undefined): LineProver {
  if (!proof) return () => declared;
  const prover = known.get(proof) ?? createLineProver(proof);
  known.set(proof, prover);
  return prover;
}

function createLineProver(proof: FileProof): LineProver {
  if (proof.kind !== 'executed') {
    const whole: LineProof = { kind: proof.kind, tests: readRanges(proof.tests) };
    return (line) => (line === 0 ? declared : whole);
  }
  const lines = new Map<number, LineProof>();
  for (const [range, tests] of Object.entries(proof.lines))
    for (const line of readRanges(range))
      lines.set(line, { kind: 'executed', tests: readRanges(tests) });
  return (line) => lines.get(line) ?? declared;
}

/** Joins lines of one proof; what cannot run, such as a comment, does not part them. */
export function joinRuns(lines: LineProof[]): ProvenRun[] {
  const runs: ProvenRun[] = [];
  for (const [index, { kind, tests }] of lines.entries()) {
    if (kind === 'declared') continue;
    const last = runs.at(-1);
    if (last?.kind === kind && `${last.tests}` === `${tests}`) last.last = index;
    else runs.push({ kind, tests, first: index, last: index });
  }
  return runs;
}
