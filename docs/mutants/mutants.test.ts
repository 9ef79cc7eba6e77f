import { expect, it } from 'vitest';
import { countMutants } from '../../scripts/mutate/mutation-record.ts';
import {
  groupMutants,
  linkMutants,
  readMutants,
  sayShareCaught,
  sayShareOfReaders,
  splitMutants,
  sumMutants,
} from './mutants.ts';
import { SAMPLE_RECORD } from './sample-record.ts';

const text = JSON.stringify(SAMPLE_RECORD);

it('reads a record of the sources as they are', () => {
  expect(readMutants(text, 'key')).toEqual(SAMPLE_RECORD);
});

it('counts a record of other sources for nothing', () => {
  expect(readMutants(text, 'another key')).toBeUndefined();
});

it('counts a record that cannot be read for nothing', () => {
  expect(readMutants('{"key":"key"}', 'key')).toBeUndefined();
  expect(readMutants('{', 'key')).toBeUndefined();
});

it('links to the mutants of a pattern that has a record, and of no other', () => {
  expect(linkMutants('jobs/due', SAMPLE_RECORD)).toEqual({
    href: '/proof/jobs/due/',
    text: '3 of 4 mutants caught',
  });
  expect(linkMutants('jobs/due', undefined)).toBeUndefined();
});

it('tells what all tests catch from what the tests that readers copy catch', () => {
  const counts = countMutants(SAMPLE_RECORD);
  expect(sayShareCaught(counts)).toBe('3 of 4 (75\u00a0%)');
  expect(sayShareOfReaders(counts)).toBe('2 of 4 (50\u00a0%)');
});

it('adds up several records, and parts their mutants by what became of them', () => {
  const records = [SAMPLE_RECORD, SAMPLE_RECORD];
  expect(sumMutants(records)).toEqual({ mutants: 8, caught: 6, caughtByReaders: 4 });
  expect(splitMutants(records)).toEqual([4, 2, 2, 2]);
});

it('groups the mutants that no test of a reader catches by their file, and leaves out a file that has none', () => {
  const [due, ...others] = groupMutants(SAMPLE_RECORD);
  const lines = [due?.survived, due?.caughtByOthers, due?.equivalents].map((mutants) =>
    mutants?.map(({ line }) => line),
  );
  expect(due?.file).toBe('due.ts');
  expect(lines).toEqual([[2], [7], [9]]);
  expect(others).toEqual([]);
});
