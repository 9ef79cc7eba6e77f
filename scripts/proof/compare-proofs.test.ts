import { expect, it } from 'vitest';
import type { Proof } from '../engine/records.ts';
import { compareProofs } from './compare-proofs.ts';

const PROOF: Proof = {
  key: 'a',
  versions: { Node: '26.10.0', Postgres: '18.4' },
  tests: ['a.test.ts > one', 'a.test.ts > two', 'a.test.ts > three'],
  failures: [],
  files: {
    'app.ts': { kind: 'executed', lines: { '1-3': '0-1', '4-4': '2' } },
    'schema.sql': { kind: 'applied', tests: '0-2' },
  },
  unproven: {},
  outputs: { demo: 'hello' },
};

it('finds nothing between equal proofs', () => {
  expect(compareProofs(PROOF, structuredClone(PROOF))).toEqual([]);
});

it('bears a line that one of its tests ran again and another did not', () => {
  expect(compareProofs(PROOF, withLines({ '1-1': '1', '2-3': '0-2', '4-4': '2' }))).toEqual([]);
});

it('names a line that none of its tests ran again', () => {
  const fresh = withLines({ '1-3': '0-1', '4-4': '0' });

  expect(compareProofs(PROOF, fresh)).toEqual(['app.ts:4 was run by other tests']);
});

it('names a line that is no longer run at all', () => {
  const fresh = withLines({ '1-3': '0-1' });

  expect(compareProofs(PROOF, fresh)).toEqual(['app.ts:4 was run by other tests']);
});

it('bears a run that executed more than was claimed', () => {
  const committed = { ...PROOF, unproven: { 'app.ts': [5] } };
  const fresh = withLines({ '1-3': '0-1', '4-4': '2', '5-5': '2' });

  expect(compareProofs(committed, fresh)).toEqual([]);
});

it('names a line of which less was run than before', () => {
  const committed = { ...PROOF, unproven: { 'app.ts': [3] } };
  const fresh = { ...PROOF, unproven: { 'app.ts': [3, 4] } };

  expect(compareProofs(committed, fresh)).toEqual(['app.ts:4 was not run to its end']);
});

it('says what differs beyond lines', () => {
  const fresh = { ...PROOF, key: 'b', outputs: { demo: 'goodbye' } };

  expect(compareProofs(PROOF, fresh)).toEqual([
    'what its tests import changed',
    'the output of demo.ts changed',
  ]);
});

it('bears other versions of Node and of services', () => {
  const fresh = { ...PROOF, versions: { Node: '26.11.0', Postgres: '18.5' } };

  expect(compareProofs(PROOF, fresh)).toEqual([]);
});

function withLines(lines: Record<string, string>): Proof {
  return { ...PROOF, files: { ...PROOF.files, 'app.ts': { kind: 'executed', lines } } };
}
