// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these strings are programs
import { describe, expect, it } from 'vitest';
import { mutateTypeScriptWith } from './mutate-typescript-with.ts';

describe('number-nudged', () => {
  it.each([
    ['x = 0;', ['x = 1;']],
    ['x = 1;', ['x = 2;']],
    ['x = 5;', ['x = 4;', 'x = 6;']],
    ['x = 30;', ['x = 3;', 'x = 300;']],
    ['x = 10_000;', ['x = 1000;', 'x = 100000;']],
    ['x = 0.25;', ['x = 0.025;', 'x = 2.5;']],
    ['x = 1e-3;', ['x = 0.0001;', 'x = 0.01;']],
    ['x = a * 1000;', ['x = a * 10000;']],
    ['x = 24 * 60 * 60;', ['x = 240 * 60 * 60;']],
    ['x = a * 24 * 60;', ['x = a * 240 * 60;']],
    ['x = 2 ** 20;', ['x = 2 ** 2;', 'x = 2 ** 200;']],
    ['x = a > 4;', ['x = a > 5;']],
    ['x = a > 0.25;', ['x = a > 0.025;', 'x = a > 2.5;']],
    ['x = a >= 4;', ['x = a >= 3;']],
    ['x = a < 0;', []],
    ['x = a === 4;', []],
    ['x = a[4];', []],
    ['x = -4;', []],
    ['x = [4, 5, 6];', []],
    ['x = { 4: a };', []],
    ['x = { status: 409 };', ['x = { status: 410 };']],
    ['refuse(413, "too_large", a);', ['refuse(414, "too_large", a);']],
    ['pause(500);', ['pause(50);', 'pause(5000);']],
    ['pause(500, undefined, a);', ['pause(50, undefined, a);', 'pause(5000, undefined, a);']],
    ['response.writeHead(200, HEADERS);', ['response.writeHead(201, HEADERS);']],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('number-nudged', source).toSorted()).toEqual(changed.toSorted());
  });
});

describe('sign-swapped', () => {
  it.each([
    ['x = a + b;', ['x = a - b;']],
    ['x = a - 1;', ['x = a + 1;']],
    ['x = a * 24 * 60;', ['x = a / 24 * 60;']],
    ['x = 24 * 60;', []],
    ['x = a % b;', ['x = a * b;']],
    ['x = a | b;', ['x = a & b;']],
    ['x = a << b;', ['x = a >> b;']],
    ['x = a + "b";', ['x = a;']],
    ['x = a ** b;', ['x = a * b;']],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('sign-swapped', source)).toEqual(changed);
  });
});

describe('minus-dropped', () => {
  it('takes the sign away', () => {
    expect(mutateTypeScriptWith('minus-dropped', 'x = a.at(-1);')).toEqual(['x = a.at(1);']);
    expect(mutateTypeScriptWith('minus-dropped', 'x = !a;')).toEqual([]);
  });
});

describe('step-swapped', () => {
  it.each([
    ['x = a++;', ['x = a--;']],
    ['x = --a;', ['x = ++a;']],
    ['x = (a += b);', ['x = (a -= b);']],
    ['a ??= b();', ['a = b();']],
    ['a++;', []],
    ['a += b;', []],
    ['for (; a; b++) c();', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('step-swapped', source)).toEqual(changed);
  });
});

describe('boolean-flipped', () => {
  it.each([
    ['let a = true;', ['let a = false;']],
    ['f({ a: false });', ['f({ a: true });']],
    ['a = true;', []],
    ['x = f(a === true);', []],
    ['while (true) a();', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('boolean-flipped', source)).toEqual(changed);
  });
});

describe('name-changed', () => {
  it.each([
    ["createHash('sha256');", ["createHash('sha1');"]],
    ["child.kill('SIGKILL');", ["child.kill('SIGTERM');"]],
    ["x = Buffer.from(a, 'base64');", []],
    ["x = a.digest('base64url');", ["x = a.digest('base64');"]],
    ["createHash('sha512');", ["createHash('sha256');"]],
    ["x = { signal: 'SIGTERM' };", []],
    ["x = Buffer.from(a, 'hex');", ["x = Buffer.from(a, 'base64');"]],
    ["f('toString');", []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('name-changed', source)).toEqual(changed);
  });
});

describe('string-emptied', () => {
  it.each([
    ["end(a, 'reuse');", ["end(a, '');"]],
    ["const CHANNEL = 'jobs';", ["const CHANNEL = '';"]],
    ["function f(a = '') {}", ["function f(a = 'changed') {}"]],
    ["class A { code = 'not_found'; }", ["class A { code = ''; }"]],
    ["throw new AError('not_found');", ["throw new AError('');"]],
    ["throw new Error('Log in again');", []],
    ["class A { name = 'A'; message = 'b'; }", []],
    ["x = a === 'b';", []],
    ["a.on('data', b);", []],
    ["createHash('sha256');", []],
    ["a.addEventListener('abort', b);", []],
    ["once(a, 'exit');", ["once(a, '');"]],
    ["a.keep('one');", ["a.keep('');"]],
    ["new URL('a.sql', b);", []],
    ["client.query('commit');", []],
    ["f('some words');", []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('string-emptied', source)).toEqual(changed);
  });
});

describe('header-part-dropped', () => {
  it('drops each part of a list in a header', () => {
    expect(
      mutateTypeScriptWith('header-part-dropped', "x = { 'cache-control': 'a, b' };").toSorted(),
    ).toEqual(["x = { 'cache-control': 'a' };", "x = { 'cache-control': 'b' };"]);
    expect(mutateTypeScriptWith('header-part-dropped', "a.setHeader('b', 'c; d');")).toHaveLength(
      2,
    );
    expect(mutateTypeScriptWith('header-part-dropped', "x = { why: 'first, second' };")).toEqual(
      [],
    );
    expect(mutateTypeScriptWith('header-part-dropped', "x = { 'cache-control': 'a' };")).toEqual(
      [],
    );
  });
});

describe('substitution-dropped', () => {
  it.each([
    ['x = `${a}.${b}`;', ['x = `.${b}`;', 'x = `${a}.`;']],
    ["q(`begin; set local a = '${b}'`);", ["q(`begin; set local a = ''`);"]],
    ['q(`select ${a}`);', []],
    ['x = `it is ${a}`;', []],
    ['log.warn(`a${b}`);', []],
    ['throw new Error(`a${b}`);', []],
    ['x = { detail: `a${b}` };', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('substitution-dropped', source)).toEqual(changed);
  });
});

describe('property-removed', () => {
  it.each([
    ['f({ a, b: 1 });', ['f({ b: 1 });', 'f({ a });']],
    ['f({ a: true });', []],
    ['new A({ b: c, });', ['new A({ });']],
    ['f({ ...a, b });', ['f({ b });', 'f({ ...a });']],
    ['f({ ...{ a } });', ['f({ ...{ } });']],
    ["return { a, b: 'c', d: e };", ['return { a, d: e };']],
    ["const A = { b: 'c', d: 'two words' };", ["const A = { d: 'two words' };"]],
    ["throw new Error('a', { cause });", []],
    ["log.warn('a', { b });", []],
    ['({ a: 1 }).b();', []],
    ["const A = { 'content-type': 'a; b c' };", ['const A = { };']],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('property-removed', source)).toEqual(changed);
  });
});

describe('element-removed', () => {
  it.each([
    ["x = ['a', 'b'];", ["x = ['b'];", "x = ['a'];"]],
    ["x = ['a',];", ['x = [];']],
    ['x = [1, 2, 3, 4];', ['x = [2, 3, 4];', 'x = [1, 2, 3];']],
    ['x = [a, b];', []],
    ["q('select $1', ['a']);", []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('element-removed', source)).toEqual(changed);
  });
});
