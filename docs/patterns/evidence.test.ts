import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSampleTree, SAMPLE_ID, type SampleTree } from '../../scripts/testing/sample-tree.ts';
import { SAMPLE_RECORD } from '../mutants/sample-record.ts';
import { countEvidence, readEvidence } from './evidence.ts';

let tree: SampleTree;

beforeEach(() => {
  tree = createSampleTree();
});

afterEach(() => tree.remove());

const read = () => readEvidence(tree.root, SAMPLE_ID);

function recordMutants(key: string | undefined): void {
  const record = JSON.stringify({ ...SAMPLE_RECORD, key });
  tree.write(`examples/${SAMPLE_ID}/mutants.json`, record);
}

it('knows no mutants of an example without a record', () => {
  expect(read().mutants).toBeUndefined();
});

it('knows the mutants of an example until one of its sources changes', () => {
  recordMutants(read().proof?.key);
  expect(read().mutants?.survivors).toEqual(SAMPLE_RECORD.survivors);

  tree.write(`examples/${SAMPLE_ID}/jobs.ts`, 'claimAll();\n');

  expect(read().mutants).toBeUndefined();
  expect(read().isFresh).toBe(false);
});

it('counts what the last proof recorded, also after a source has changed', () => {
  const fresh = countEvidence(read());
  tree.write(`examples/${SAMPLE_ID}/jobs.ts`, 'claimAll();\n');

  expect(read().isFresh).toBe(false);
  expect(countEvidence(read())).toEqual(fresh);
  expect(fresh.lines).toBeGreaterThan(0);
});
