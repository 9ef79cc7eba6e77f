import { describe, expect, it } from 'vitest';
import { mutateTypeScriptWith } from './mutate-typescript-with.ts';

describe('statement-removed', () => {
  it.each([
    ['a(); b = 1;', ['b = 1;', 'a();']],
    ['if (a) b();', ['if (a) {}']],
    ['if (a) { await b(); } else c();', ['if (a) { } else c();', 'if (a) { await b(); } else {}']],
    ['function* f() { yield a; }', ['function* f() { }']],
    [
      'try { a; } finally { delete b.c; }',
      ['try { } finally { delete b.c; }', 'try { a; } finally { }'],
    ],
    ['"use strict";', []],
    ['const a = b();', []],
    ['class A extends B { constructor() { super(a); } }', []],
    ['log.error("a");', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('statement-removed', source)).toEqual(changed);
  });
});

describe('log-removed', () => {
  it.each([
    ['log.warn("a", { b });', ['']],
    ['void log.warn("a");', ['']],
    ['switch (a) { case 1: log.warn("a"); }', ['switch (a) { case 1: }']],
    ['options.log.error("a");', ['']],
    ['if (a) console.error("b");', ['if (a) {}']],
    ['log.info("a");', []],
    ['broker.error("a");', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('log-removed', source)).toEqual(changed);
  });
});

describe('exit-removed', () => {
  it.each([
    ['if (a) { b(); return; }', ['if (a) { b(); }']],
    ['if (a) return 1; else throw b;', ['if (a) return 1; else {}']],
    ['try { a(); } catch (b) { c(); throw b; }', ['try { a(); } catch (b) { c(); }']],
    ['for (;;) { a(); break; }', ['for (;;) { a(); }']],
    ['if (a) throw b;', []],
    ['if (a) { continue; }', []],
    ['function f() { a(); return b; }', []],
    ['switch (a) { case 1: break; }', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('exit-removed', source)).toEqual(changed);
  });
});

describe('statements-swapped', () => {
  it.each([
    ['{ await a(); b(); }', ['{ b(); await a(); }']],
    ['{ ended = true; await commit(); }', ['{ await commit(); ended = true; }']],
    ['{ a(); b(); }', []],
    ['{ await a(); await a(); }', []],
    ['{ await a(); log.warn("b"); }', []],
    ['{ stopping.abort(); await ended; }', []],
    ['{ await a(); await pause(1).catch(ignore); }', []],
    ['{ stop(); await Promise.all(running); }', []],
    ['{ await setTimeout(1); a(); }', []],
    ['{ await setImmediate(); a(); }', []],
    ['{ const a = await b(); await c(); }', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('statements-swapped', source)).toEqual(changed);
  });

  it('keeps a comment between the two', () => {
    const source = '{ await a(); // first\n b(); }';
    expect(mutateTypeScriptWith('statements-swapped', source)).toEqual([
      '{ b(); // first await a(); }',
    ]);
  });
});

describe('loop-ended', () => {
  it.each([
    ['for (const a of b) { c(a); }', ['for (const a of b) { c(a); break; }']],
    ['while (a) b();', ['while (a) { b(); break; }']],
    ['for (const a of b) { if (a) break; return a; }', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('loop-ended', source)).toEqual(changed);
  });
});

describe('case-removed', () => {
  it('removes each case that does something', () => {
    const source = 'switch (a) { case 1: case 2: b(); break; default: c(); }';
    expect(mutateTypeScriptWith('case-removed', source)).toEqual([
      'switch (a) { case 1: default: c(); }',
      'switch (a) { case 1: case 2: b(); break; }',
    ]);
  });

  it('keeps the only case', () => {
    expect(mutateTypeScriptWith('case-removed', 'switch (a) { case 1: b(); }')).toEqual([]);
  });
});

describe('catch-rethrows', () => {
  it.each([
    ['try { a(); } catch (b) { return c; }', ['try { a(); } catch (b) { throw b; }']],
    ['try { a(); } catch { c(); }', ['try { a(); } catch (error) { throw error; }']],
    ['try { a(); } catch ({ b }) { c(b); }', ['try { a(); } catch (error) { throw error; }']],
    ['try { a(); } catch (b) { c(); throw b; }', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('catch-rethrows', source)).toEqual(changed);
  });
});

describe('await-dropped', () => {
  it.each([
    ['await a();', ['a();']],
    ['if (!(await a())) b();', ['if (!(a())) b();']],
    ['const a = await b();', ['const a = b();']],
    ['const { a } = await b();', []],
    ['const [a] = await b();', []],
    ['c((await b()).d);', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('await-dropped', source)).toEqual(changed);
  });
});

describe('combinator-swapped', () => {
  it('waits for fewer, for more, or for failures too', () => {
    expect(mutateTypeScriptWith('combinator-swapped', 'Promise.all(a);').toSorted()).toEqual([
      'Promise.allSettled(a);',
      'Promise.race(a);',
    ]);
    expect(mutateTypeScriptWith('combinator-swapped', 'Promise.race(a);')).toEqual([
      'Promise.all(a);',
    ]);
    expect(mutateTypeScriptWith('combinator-swapped', 'Promise.resolve(a);')).toEqual([]);
    expect(mutateTypeScriptWith('combinator-swapped', 'list.all(a);')).toEqual([]);
  });
});

describe('contender-removed', () => {
  it.each([
    ['Promise.race([a(), b]);', ['Promise.race([b]);', 'Promise.race([a()]);']],
    ['AbortSignal.any([a, b]);', ['AbortSignal.any([b]);', 'AbortSignal.any([a]);']],
    ['Promise.all(list);', []],
    ['f([a, b]);', []],
  ])('makes of %s %j', (source, changed) => {
    expect(mutateTypeScriptWith('contender-removed', source)).toEqual(changed);
  });
});
