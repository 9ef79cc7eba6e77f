import { writeRanges } from '../engine/info.ts';
import type { FileProof, Proof } from '../engine/records.ts';
import { scanRegions } from '../engine/regions.ts';
import { findExecutableLines } from './executable-lines.ts';
import { covers, touches, uniteSpans } from './executed.ts';
import type { TestRecord } from './test-report.ts';

type Evidence = {
  sources: Map<string, string>;
  records: TestRecord[];
  outputs: Record<string, string>;
  /** The key of these sources, and what the tests ran on besides services. */
  key: string;
  versions: Record<string, string>;
};

/** Makes the proof of an example from its sources, its tests that all passed, and its outputs. */
export function buildProof({ sources, records, outputs, key, versions }: Evidence): Proof {
  const files: Record<string, FileProof> = {};
  const unproven: Record<string, number[]> = {};
  for (const [path, text] of sources) {
    const used = proveUsed(path, records);
    if (used) files[path] = used;
    if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue;
    const proof = proveExecuted(path, text, records);
    if (Object.keys(proof.lines).length > 0) files[path] = { kind: 'executed', lines: proof.lines };
    if (proof.unproven.length > 0) unproven[path] = proof.unproven;
  }
  return {
    key,
    versions,
    tests: records.map(({ name }) => name),
    failures: records.flatMap(({ title, failure, line }, test) =>
      failure ? [{ title, ...failure, test, line }] : [],
    ),
    files,
    unproven,
    outputs,
  };
}

/** The proof of a file that was applied or loaded as a whole: SQL, or a configuration. */
function proveUsed(path: string, records: TestRecord[]): FileProof | undefined {
  const tests = [...records.keys()].filter((index) => records[index]?.evidence.has(path));
  const kind = records[tests[0] ?? -1]?.evidence.get(path);
  return kind && { kind, tests: writeRanges(tests).replaceAll(',', ' ') };
}

/** Only lines of regions are kept: no other line is ever shown. */
function proveExecuted(path: string, text: string, records: TestRecord[]) {
  const lines: Record<number, string> = {};
  const unproven: number[] = [];
  const shown = listRegionLines(path, text);
  const ran = records.map(({ executed }) => executed.get(path) ?? []);
  const united = uniteSpans(ran);
  for (const [line, spans] of shown.size > 0 ? findExecutableLines(text) : []) {
    if (!shown.has(line)) continue;
    const tests = ran.flatMap((list, index) =>
      spans.some((span) => touches(list, span)) ? [index] : [],
    );
    if (tests.length > 0) lines[line] = writeRanges(tests).replaceAll(',', ' ');
    if (!spans.every((span) => covers(united, span))) unproven.push(line);
  }
  return { lines: mergeLines(lines), unproven };
}

function listRegionLines(path: string, text: string): Set<number> {
  const lines = new Set<number>();
  for (const { spans } of scanRegions(path, text).regions.values())
    for (const { first, last } of spans)
      for (let line = first; line <= last; line++) lines.add(line);
  return lines;
}

/** Neighbours with the same tests become one range. Always `7-7`: a bare `7` would sort first. */
function mergeLines(lines: Record<number, string>): Record<string, string> {
  const merged: [first: number, last: number, tests: string][] = [];
  for (const [key, tests] of Object.entries(lines)) {
    const line = Number(key);
    const previous = merged.at(-1);
    if (previous && previous[1] === line - 1 && previous[2] === tests) previous[1] = line;
    else merged.push([line, line, tests]);
  }
  return Object.fromEntries(merged.map(([first, last, tests]) => [`${first}-${last}`, tests]));
}
