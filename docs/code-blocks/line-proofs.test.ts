import { expect, it } from 'vitest';
import type { FileProof } from '../../scripts/engine/records.ts';
import type { Evidence } from '../patterns/evidence.ts';
import { joinRuns, proveLines } from './line-proofs.ts';

const SOURCE = `// #region add
/** Adds. */
export function add(a: number, b: number) {
  // Before the sum.
  return a + b;

}
// #endregion add
`;

const EXECUTED: FileProof = { kind: 'executed', lines: { '3-3': '0-1', '5-5': '0-1' } };

it('knows by which tests a line was run, and which lines cannot run', () => {
  expect(proveLines(holdEvidence({ 'add.ts': EXECUTED }), 'add.ts#add')).toEqual([
    { kind: 'declared', tests: [] },
    { kind: 'executed', tests: [0, 1] },
    { kind: 'declared', tests: [] },
    { kind: 'executed', tests: [0, 1] },
    { kind: 'declared', tests: [] },
    { kind: 'declared', tests: [] },
  ]);
});

it('joins lines of the same tests over a comment', () => {
  const lines = proveLines(holdEvidence({ 'add.ts': EXECUTED }), 'add.ts#add') ?? [];

  expect(joinRuns(lines)).toEqual([{ kind: 'executed', tests: [0, 1], first: 1, last: 3 }]);
});

it('parts lines of other tests', () => {
  const proof: FileProof = { kind: 'executed', lines: { '3-3': '0', '5-5': '1' } };
  const lines = proveLines(holdEvidence({ 'add.ts': proof }), 'add.ts#add') ?? [];

  expect(joinRuns(lines)).toMatchObject([{ tests: [0] }, { tests: [1] }]);
});

it('marks every line of a file that was applied as a whole', () => {
  const lines = proveLines(
    holdEvidence({ 'add.ts': { kind: 'applied', tests: '0-1' } }),
    'add.ts#add',
  );

  expect(lines?.at(0)).toEqual({ kind: 'applied', tests: [0, 1] });
});

it('says nothing of lines whose source is newer than the proof', () => {
  const evidence = { ...holdEvidence({ 'add.ts': EXECUTED }), isFresh: false };

  expect(proveLines(evidence, 'add.ts#add')).toBeUndefined();
});

function holdEvidence(files: Record<string, FileProof>): Evidence {
  const sources = new Map([['add.ts', SOURCE]]);
  const tests = ['add.test.ts > adds', 'add.test.ts > adds zero'];
  const proof = { key: '', versions: {}, tests, failures: [], files, unproven: {}, outputs: {} };
  return { sources, proof, isFresh: true };
}
