import { describe, expect, it } from 'vitest';
import { mutateTypeScriptWith } from './mutate-typescript-with.ts';

describe('anchor-dropped', () => {
  it.each([
    ['x = /^a$/;', ['x = /a$/;', 'x = /^a/;']],
    ['x = /\\ba/;', ['x = /a/;']],
    ['x = /[$^]\\$/;', []],
    ['x = /^/;', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('anchor-dropped', source)).toEqual(changed);
  });
});

describe('quantifier-changed', () => {
  it.each([
    ['x = /a+b*/;', ['x = /a*b*/;', 'x = /a+b+/;']],
    ['x = /a?/;', ['x = /a/;']],
    ['x = /a{8}/;', ['x = /a{8,}/;']],
    ['x = /a{2,}/;', ['x = /a{3,}/;']],
    ['x = /a{1,64}/;', ['x = /a{0,64}/;', 'x = /a{1,65}/;']],
    ['x = /a{0,9}/;', ['x = /a{0,10}/;']],
    ['x = /a\\+/;', []],
    ['x = /\\u{12345}/u;', []],
    ['x = /a+?/;', ['x = /a*?/;']],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('quantifier-changed', source).toSorted()).toEqual(changed);
  });
});

describe('class-changed', () => {
  it.each([
    ['x = /[^a]/;', ['x = /[a]/;']],
    ['x = /[a-z\\d-]/;', ['x = /[\\d-]/;', 'x = /[a-z-]/;', 'x = /[a-z\\d]/;']],
    ['x = /[/\\\\]/;', ['x = /[\\\\]/;', 'x = /[/]/;']],
    ['x = /[a]/;', []],
    ['x = /[\\p{L}\\P{N}]/u;', ['x = /[\\P{N}]/u;', 'x = /[\\p{L}]/u;']],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('class-changed', source)).toEqual(changed);
  });
});

describe('branch-dropped', () => {
  it.each([
    ['x = /a|b/;', ['x = /b/;', 'x = /a/;']],
    ['x = /[|]/;', []],
    [
      'x = /^(a|b(c|d)|e)$/;',
      [
        'x = /^(b(c|d)|e)$/;',
        'x = /^(a|e)$/;',
        'x = /^(a|b(d)|e)$/;',
        'x = /^(a|b(c)|e)$/;',
        'x = /^(a|b(c|d))$/;',
      ],
    ],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('branch-dropped', source).toSorted()).toEqual(changed.toSorted());
  });
});

describe('lookaround-turned', () => {
  it.each([
    ['x = /(?=a)b/;', ['x = /(?!a)b/;']],
    ['x = /(?<!a)b/;', ['x = /(?<=a)b/;']],
    ['x = /(?:a)/;', []],
    ['x = /[(?=]/;', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('lookaround-turned', source)).toEqual(changed);
  });
});

describe('flag-dropped', () => {
  it.each([
    ['x = /a/im;', ['x = /a/m;', 'x = /a/i;']],
    ['x = /a/u;', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('flag-dropped', source)).toEqual(changed);
  });
});
