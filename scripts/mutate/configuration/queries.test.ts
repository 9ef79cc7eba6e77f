import { describe, expect, it } from 'vitest';
import { mutateConfigurationWith } from './mutate-configuration-with.ts';

/** The expressions that an operator makes of one. */
function mutateQuery(operator: string, query: string): string[] {
  return mutateConfigurationWith(operator, 'alerts.yml', `expr: ${query}`).map((text) =>
    text.replace(/^expr: /, ''),
  );
}

type Case = [query: string, changed: string[]];

const CASES: Record<string, Case[]> = {
  'comparison-boundary': [
    ['a > 1', ['a >= 1']],
    ['a <= bool 1 # b > 2', ['a < bool 1 # b > 2']],
    ['a == 1', []],
    ['a{b=">"}', []],
  ],
  'comparison-negated': [
    ['a > 1', ['a <= 1']],
    ['a == 1', ['a != 1']],
    ['a{b!="c", d=~"e"}', []],
  ],
  'sign-swapped': [
    ['a + b', ['a - b']],
    ['a / on (b) group_left () (c)', ['a * on (b) group_left () (c)']],
    ['a * -1', ['a / -1']],
    ['(-1) ^ 2', ['(-1) * 2']],
  ],
  'constant-nudged': [
    ['a > 0.25', ['a > 0', 'a > 2.5']],
    ['a > 0', ['a > 1']],
    ['a1:b_2 offset 5m', ['a1:b_2 offset 50m', 'a1:b_2 offset 5s']],
    ['a[5m]', []],
  ],
  'range-nudged': [
    ['f(a[1h])', ['f(a[10h])', 'f(a[1m])']],
    ['f(a[1d:5m])', ['f(a[10d:5m])', 'f(a[1h:5m])', 'f(a[1d:50m])', 'f(a[1d:5s])']],
    ['f(a[5ms])', ['f(a[50ms])']],
  ],
  'aggregation-swapped': [
    ['sum by (a) (b)', ['max by (a) (b)']],
    ['min(a)', ['max(a)']],
    ['topk(1, a)', ['bottomk(1, a)']],
    ['sum + a', []],
  ],
  'function-swapped': [
    ['rate(a[5m])', ['increase(a[5m])']],
    ['avg_over_time(a[5m])', ['max_over_time(a[5m])']],
    ['rate > 1', []],
  ],
  'label-dropped': [
    ['sum by (a, b) (c)', ['sum by (b) (c)', 'sum by (a) (c)']],
    ['a / on (b) c', ['a / on () c']],
    ['sum without () (c)', []],
  ],
  'matcher-dropped': [
    ['a{b="c", d=~"e"}', ['a{d=~"e"}', 'a{b="c"}']],
    ['a{b="}"} > 1', ['a{} > 1']],
    ['"a{b=\\"c\\"} > 1"', ['"a{} > 1"']],
    [`'a{b="c"}'`, [`'a{}'`]],
    ['a', []],
  ],
  'operand-dropped': [
    ['a and b > 1', ['a']],
    ['a unless on (b) c or d', ['a or d', 'a unless on (b) c']],
    ['a or b and c', ['a', 'a or b']],
    ['f((a and (b)), c)', ['f((a ), c)']],
  ],
};

describe.each(Object.entries(CASES))('%s', (operator, cases) => {
  it.each(cases)('makes of %s %j', (query, changed) => {
    expect(mutateQuery(operator, query).toSorted()).toEqual(changed.toSorted());
  });
});

describe('an expression in a block', () => {
  it('is changed below its header', () => {
    const source = 'a:\n  expr: >-\n    b\n    > 1\n  c: d\n';
    expect(mutateConfigurationWith('comparison-negated', 'alerts.yml', source)).toEqual([
      'a: expr: >- b <= 1 c: d',
    ]);
  });
});
