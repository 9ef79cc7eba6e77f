import { expect, it } from 'vitest';
import { orderForLearning } from './order-for-learning.ts';

const page = (id: string, ...requires: string[]) => ({ id, data: { title: id, requires } });
const order = (...pages: ReturnType<typeof page>[]) => orderForLearning(pages).map(({ id }) => id);

it('puts a pattern after all that it builds on, also through another area', () => {
  const pages = [page('a/one', 'b/two'), page('a/three'), page('b/two', 'a/three')];
  expect(order(...pages)).toEqual(['a/three', 'a/one', 'b/two']);
});

it('puts first what most others build on, then goes by title', () => {
  const pages = [page('a/b'), page('a/c'), page('a/a'), page('b/x', 'a/c')];
  expect(order(...pages)).toEqual(['a/c', 'a/a', 'a/b', 'b/x']);
});

it('ends where patterns build on each other in a circle', () => {
  expect(order(page('a/x', 'a/y'), page('a/y', 'a/x'))).toHaveLength(2);
});
