import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSampleTree, SAMPLE_ID, type SampleTree } from '../testing/sample-tree.ts';
import { addBenchKey } from './add-bench-key.ts';

const RECORD = `examples/${SAMPLE_ID}/bench.json`;

let tree: SampleTree;

beforeEach(() => {
  tree = createSampleTree();
});

afterEach(() => tree.remove());

it('adds the key to what the bench wrote, before the tables', () => {
  tree.write(RECORD, '{ "measured": "2026-11-29", "tables": [] }');
  expect(addBenchKey(`${tree.root}/${RECORD}`, 'k')).toBe(true);
  expect(tree.read(RECORD)).toBe(
    '{\n  "measured": "2026-11-29",\n  "key": "k",\n  "tables": []\n}\n',
  );
});

it('leaves a record that the bench did not write again, and needs one', () => {
  expect(addBenchKey(`${tree.root}/${RECORD}`, 'new')).toBe(false);
  tree.write(RECORD, '{ "key": "old", "tables": [] }');
  expect(addBenchKey(`${tree.root}/${RECORD}`, 'new')).toBe(false);
  expect(tree.read(RECORD)).toContain('"old"');
});
