import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanPage } from './fences.ts';
import { buildPage } from './page.ts';

const SOURCE_LINES = [
  'one();',
  '  two();',
  '\tthree();',
  '',
  '   ',
  '// #region a',
  '// #endregion a',
  '  // #region b',
  '  // #endregion b',
  'four(); // #highlight',
  '//#region a',
  '// #endregoin b',
  '// #higlight',
  '```',
  '~~~~',
  '-- #region a',
  '// prose of a region far away',
];

const PAGE_LINES = [
  '```ts source="x.ts#a"',
  '````ts source="x.ts#b" {1,3} title="t"',
  '~~~ts source="x.ts"',
  '- ```ts source="x.ts#a"',
  '  ```ts source="x.ts#b"',
  '> ```ts source="x.ts#a"',
  '```console output="demo"',
  '```',
  '````',
  '~~~',
  '  ```',
  '> ```',
  '<!-- generated:failures -->',
  '<!-- /generated:failures -->',
  '<!--',
  '-->',
  '\told',
  '> text',
  '- item',
  'text  ',
  '',
];

const FAILURE = { title: 'a | b', symptom: '<b>`', defence: 'a', remains: '\\|', test: 0 };
const PROOF = JSON.stringify({
  key: 'fresh',
  versions: {},
  tests: ['x.test.ts > works'],
  failures: [FAILURE],
  files: {},
  unproven: {},
  outputs: { demo: 'done\n```\n' },
});

const KEYS = { proof: 'fresh', bench: 'fresh' };

const joinWith = (lines: string[]) =>
  fc
    .tuple(fc.array(fc.constantFrom(...lines), { maxLength: 14 }), fc.constantFrom('\n', '\r\n'))
    .map(([parts, ending]) => parts.join(ending));
const source = joinWith(SOURCE_LINES);
const page = fc
  .tuple(fc.constantFrom('', '\uFEFF'), joinWith(PAGE_LINES))
  .map(([mark, text]) => mark + text);
const build = (text: string, code: string) =>
  buildPage({ id: 'area/x', text, sources: new Map([['x.ts', code]]), proof: PROOF, keys: KEYS });

/** The page without what the engine owns: bodies and info strings of fences, and generated blocks. */
function readRest(text: string): string {
  let rest = '';
  let at = 0;
  for (const { info, start, end } of scanPage(text).fences) {
    rest += text.slice(at, info.start) + text.slice(info.start + info.text.length, start);
    at = end;
  }
  rest += text.slice(at);
  return rest.replaceAll(/(<!-- generated:failures -->)[\s\S]*?(<!-- \/generated)/g, '$1$2');
}

describe('buildPage, whatever it is given', () => {
  it('changes nothing but what it owns', () => {
    fc.assert(
      fc.property(page, source, (text, code) => {
        expect(readRest(build(text, code).text)).toBe(readRest(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('has nothing left to write in what it wrote', () => {
    fc.assert(
      fc.property(page, source, (text, code) => {
        const once = build(text, code).text;
        const twice = build(once, code);
        expect(twice.text).toBe(once);
        expect(twice.findings.filter((finding) => finding.code === 'drift')).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('lets no marker reach a page', () => {
    fc.assert(
      fc.property(page, source, (text, code) => {
        expect(build(text, code).text).not.toMatch(/#(end)?reg|#hi/);
      }),
      { numRuns: 1000 },
    );
  });

  it('reports a drift where, and only where, it would write', () => {
    fc.assert(
      fc.property(page, source, (text, code) => {
        const { text: wanted, findings } = build(text, code);
        expect(findings.some((finding) => finding.code === 'drift')).toBe(wanted !== text);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes rubbish without a crash', () => {
    const rubbish = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .array(
          fc.oneof(
            fc.constantFrom(...PAGE_LINES, ...SOURCE_LINES, '\r', '\0', '---', '{', '"'),
            fc.string(),
          ),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(rubbish, rubbish, rubbish, (text, code, proof) => {
        const sources = new Map([
          ['x.ts', code],
          ['y.json', code],
        ]);
        const once = buildPage({ id: 'area/x', text, sources, proof, bench: proof, keys: KEYS });
        expect(buildPage({ id: 'area/x', text: once.text, sources, proof, keys: KEYS }).text).toBe(
          once.text,
        );
      }),
      { numRuns: 1000 },
    );
  });

  // Linear, each takes about a second; one quadratic step would take minutes.
  it.each([
    ['one word', 'x'],
    ['white space', ' '],
    ['tabs', '\t'],
    ['hashes', '#'],
    ['back ticks', '`'],
    ['comments', '<!-- '],
    ['generated markers', '<!-- generated:x -->'],
    ['half markers', '// # '],
    ['quotes in quotes', '> '],
    ['items in items', '- '],
    ['tags', '<a '],
  ])('reads a line of 5 MB of %s in linear time', (_name, piece) => {
    const line = piece.repeat(5_000_000 / piece.length);
    const code = `// #region a\n${line}\n// #endregion a\n`;
    expect(takeSeconds(() => build(line, line))).toBeLessThan(10);
    expect(takeSeconds(() => build('```ts source="x.ts#a"\n```\n', code))).toBeLessThan(10);
  });

  it.each(['a="b" ', '}{ ', '"', '=" ', 'source '])(
    'reads a megabyte of `%s` after a fence in linear time',
    (piece) => {
      const text = `\`\`\`ts ${piece.repeat(1_000_000 / piece.length)}\n\`\`\`\n`;
      expect(takeSeconds(() => build(text, ''))).toBeLessThan(10);
    },
  );
});

/** The work alone: a busy machine makes it wait, and not longer. */
function takeSeconds(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1e6;
}
