import { expect, it } from 'vitest';
import { countValue, fits, listLoosenings, type Wish } from './wishes.ts';

const rows = [
  { text: 'background jobs', facets: { level: ['4'], needs: ['postgres', 'nginx'] } },
  { text: 'worker loop', facets: { level: ['3'], needs: ['postgres'] } },
  { text: 'background noise', facets: { level: ['3'], needs: ['none'] } },
];
const word = (value: string): Wish => ({ name: 'q', value });
const level = (value: string): Wish => ({ name: 'level', value });
const needs = (value: string): Wish => ({ name: 'needs', value });
const find = (...wishes: Wish[]) => rows.filter((row) => fits(row, wishes)).map(({ text }) => text);

it('finds the rows that fit every word and every facet', () => {
  expect(find()).toHaveLength(3);
  expect(find(word('back'), word('jobs'))).toEqual(['background jobs']);
  expect(find(needs('postgres'), level('3'))).toEqual(['worker loop']);
  expect(find({ name: 'area', value: 'auth' })).toEqual([]);
});

it('counts a value of a facet as if no other of that facet were chosen', () => {
  expect(countValue(rows, [needs('postgres'), level('4')], level('3'))).toBe(1);
  expect(countValue(rows, [word('background')], level('3'))).toBe(1);
});

it('names the wishes without which something fits, the most first', () => {
  const wishes = [word('background'), level('4'), needs('none')];
  expect(listLoosenings(rows, wishes)).toEqual([
    { wish: level('4'), count: 1 },
    { wish: needs('none'), count: 1 },
  ]);
  expect(listLoosenings(rows, [word('zzz'), level('3')])).toEqual([
    { wish: word('zzz'), count: 2 },
  ]);
  expect(listLoosenings(rows, [word('zzz'), word('yyy')])).toEqual([]);
});
