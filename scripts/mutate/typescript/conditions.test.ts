import { describe, expect, it } from 'vitest';
import { mutateWith } from './mutate-with.ts';

describe('comparison-boundary', () => {
  it.each([
    ['x = a < b;', 'x = a <= b;'],
    ['x = a <= b;', 'x = a < b;'],
    ['x = a > b;', 'x = a >= b;'],
    ['x = a >= b;', 'x = a > b;'],
  ])('makes of %s one change', (source, changed) => {
    expect(mutateWith('comparison-boundary', source)).toEqual([changed]);
  });

  it('leaves equalities alone', () => {
    expect(mutateWith('comparison-boundary', 'x = a === b;')).toEqual([]);
  });
});

describe('comparison-negated', () => {
  it.each([
    ['x = a < b;', 'x = a >= b;'],
    ['x = a === b;', 'x = a !== b;'],
    ['x = list.map((one) => one != a);', 'x = list.map((one) => one == a);'],
    ['x = a instanceof B;', 'x = !(a instanceof B);'],
    ['x = f("b" in a);', 'x = f(!("b" in a));'],
  ])('makes of %s one change', (source, changed) => {
    expect(mutateWith('comparison-negated', source)).toEqual([changed]);
  });

  it.each([
    'if (a === b) x();',
    'while ((a < b)) x();',
    'x = a === b ? 1 : 2;',
    'x = a === b && c;',
    'x = (a === b) || c;',
    'x = !(a instanceof B);',
  ])('leaves %s to other operators', (source) => {
    expect(mutateWith('comparison-negated', source)).toEqual([]);
  });

  it('negates an operand of ??, which no condition judges', () => {
    expect(mutateWith('comparison-negated', 'x = a ?? b === c;')).toEqual(['x = a ?? b !== c;']);
  });
});

describe('negation-dropped', () => {
  it.each([
    ['x = !a;', ['x = a;']],
    ['x = list.filter((one) => !one.has(a));', ['x = list.filter((one) => one.has(a));']],
    ['x = !!a;', ['x = !a;']],
    ['if (!a) x();', []],
    ['x = !a && b;', []],
    ['x = -a;', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateWith('negation-dropped', source)).toEqual(changed);
  });
});

describe('operand-dropped', () => {
  it.each([
    ['x = a && b;', ['x = b;', 'x = a;']],
    ['x = a || b;', ['x = b;', 'x = a;']],
    ['x = a ?? b;', ['x = b;', 'x = a;']],
    ['x = a && b && c;', ['x = b && c;', 'x = a && c;', 'x = a && b;']],
    ['x = a && (b || c);', ['x = (b || c);', 'x = a;', 'x = a && (c);', 'x = a && (b);']],
    ['x = a + b;', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateWith('operand-dropped', source)).toEqual(changed);
  });
});

describe('condition-forced', () => {
  it.each([
    ['x = a ? 1 : 2;', ['x = true ? 1 : 2;', 'x = false ? 1 : 2;']],
    ['while (a) x();', ['while (false) x();']],
    ['do x(); while (a);', ['do x(); while (false);']],
    ['for (; a; ) x();', ['for (; false; ) x();']],
    ['if (a) x(); else y();', ['if (true) x(); else y();', 'if (false) x(); else y();']],
  ])('forces %s', (source, changed) => {
    expect(mutateWith('condition-forced', source).toSorted()).toEqual(changed.toSorted());
  });

  it('does not force to true what a dropped operand shows', () => {
    expect(mutateWith('condition-forced', 'x = a && b ? 1 : 2;')).toEqual(['x = false ? 1 : 2;']);
  });

  it('does not force to false what a dropped operand shows', () => {
    expect(mutateWith('condition-forced', 'x = a || b ? 1 : 2;')).toEqual(['x = true ? 1 : 2;']);
  });

  it('does not force to false what a removed statement shows', () => {
    expect(mutateWith('condition-forced', 'if (a) x();')).toEqual(['if (true) x();']);
  });

  it('forces to false what only logs, since nobody may read the log', () => {
    const source = 'if (a) log.warn("b");';
    expect(mutateWith('condition-forced', source)).toContain('if (false) log.warn("b");');
  });

  it.each(['throw a;', 'return;', '{ x(); continue; }'])(
    'forces a guard that leaves by %s to false only',
    (exit) => {
      const source = `for (const a of b) if (a) ${exit}`;
      expect(mutateWith('condition-forced', source)).toEqual([
        `for (const a of b) if (false) ${exit}`,
      ]);
    },
  );

  it('forces a guard that returns a value both ways', () => {
    expect(mutateWith('condition-forced', 'if (a) return 1;')).toHaveLength(2);
  });

  it('forces a chain of booleans outside a condition to what its operands do not show', () => {
    expect(mutateWith('condition-forced', 'x = isA && b === c;')).toEqual(['x = false;']);
    expect(mutateWith('condition-forced', 'x = !a || b;')).toEqual(['x = true;']);
    expect(mutateWith('condition-forced', 'x = a || b;')).toEqual([]);
  });

  it('leaves a constant condition as it is', () => {
    expect(mutateWith('condition-forced', 'while (false) x();')).toEqual([]);
  });
});
