import { describe, expect, it } from 'vitest';
import { mutateTypeScriptWith } from './mutate-typescript-with.ts';

describe('comparison-boundary', () => {
  it.each([
    ['x = a < b;', 'x = a <= b;'],
    ['x = a <= b;', 'x = a < b;'],
    ['x = a > b;', 'x = a >= b;'],
    ['x = a >= b;', 'x = a > b;'],
  ])('makes of %s one change', (source, changed) => {
    expect(mutateTypeScriptWith('comparison-boundary', source)).toEqual([changed]);
  });

  it('leaves equalities alone', () => {
    expect(mutateTypeScriptWith('comparison-boundary', 'x = a === b;')).toEqual([]);
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
    expect(mutateTypeScriptWith('operand-dropped', source)).toEqual(changed);
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
    expect(mutateTypeScriptWith('condition-forced', source).toSorted()).toEqual(changed.toSorted());
  });

  it('does not force to true what a dropped operand shows', () => {
    expect(mutateTypeScriptWith('condition-forced', 'x = a && b ? 1 : 2;')).toEqual([
      'x = false ? 1 : 2;',
    ]);
  });

  it('does not force to false what a dropped operand shows', () => {
    expect(mutateTypeScriptWith('condition-forced', 'x = a || b ? 1 : 2;')).toEqual([
      'x = true ? 1 : 2;',
    ]);
  });

  it.each([
    ['if (a) x();', ['if (true) x();']],
    ['if (a) { x(); y = 1; }', ['if (true) { x(); y = 1; }']],
    ['if (a) { x(); if (b) y(); }', ['if (true)', 'if (false)', 'if (a) { x(); if (true)']],
  ])('forces %s to false unless its removed statements show it', (source, starts) => {
    const texts = mutateTypeScriptWith('condition-forced', source);
    expect(texts).toHaveLength(starts.length);
    for (const start of starts) expect(texts.some((text) => text.startsWith(start))).toBe(true);
  });

  it.each(['a < b', 'a === b', 'a instanceof B', "'b' in a", '!a', 'list.includes(a) && isB(c)'])(
    'forces %s where it is kept, passed or returned',
    (answer) => {
      const isChain = answer.includes('&&');
      for (const source of [`x = ${answer};`, `f(${answer});`, `const f = () => ${answer};`]) {
        const forced = (value: boolean) => source.replace(answer, `${value}`);
        const expected = isChain ? [forced(false)] : [forced(true), forced(false)];
        expect(mutateTypeScriptWith('condition-forced', source).toSorted()).toEqual(
          expected.toSorted(),
        );
      }
    },
  );

  it('leaves a call alone whose answer only its name tells', () => {
    expect(mutateTypeScriptWith('condition-forced', 'x = isA(b);')).toEqual([]);
    expect(mutateTypeScriptWith('condition-forced', 'x = a ?? b;')).toEqual([]);
  });

  it('forces an operand of ??, which no condition asks', () => {
    expect(mutateTypeScriptWith('condition-forced', 'x = a ?? b === c;')).toEqual([
      'x = a ?? false;',
      'x = a ?? true;',
    ]);
  });

  it.each(['!!a', '!(a < b)', '!(a && !b)'])('forces %s once', (answer) => {
    expect(mutateTypeScriptWith('condition-forced', `x = ${answer};`)).toEqual([
      'x = false;',
      'x = true;',
    ]);
  });

  it('forces to false what only logs, since nobody may read the log', () => {
    const source = 'if (a) log.warn("b");';
    expect(mutateTypeScriptWith('condition-forced', source)).toContain('if (false) log.warn("b");');
  });

  it.each(['throw a;', 'return;', '{ x(); continue; }'])(
    'forces a guard that leaves by %s to false only',
    (exit) => {
      const source = `for (const a of b) if (a) ${exit}`;
      expect(mutateTypeScriptWith('condition-forced', source)).toEqual([
        `for (const a of b) if (false) ${exit}`,
      ]);
    },
  );

  it('forces a guard that returns a value both ways', () => {
    expect(mutateTypeScriptWith('condition-forced', 'if (a) return 1;')).toHaveLength(2);
  });

  it('forces a chain of booleans outside a condition to what its operands do not show', () => {
    expect(mutateTypeScriptWith('condition-forced', 'x = a && b === c;')).toEqual(['x = false;']);
    expect(mutateTypeScriptWith('condition-forced', 'x = !a || b;')).toEqual(['x = true;']);
    expect(mutateTypeScriptWith('condition-forced', 'x = a || b;')).toEqual([]);
  });

  it('leaves a constant condition as it is', () => {
    expect(mutateTypeScriptWith('condition-forced', 'while (false) x();')).toEqual([]);
  });
});
