import { expect, it } from 'vitest';
import { findCore } from './read-core.ts';

const code = (count: number) => Array.from({ length: count }, (_, line) => `step${line}();`);

const fence = (meta: string, lines: string[]) =>
  [`\`\`\`ts ${meta}`, ...lines, '```', ''].join('\n');

const page = (...fences: string[]) =>
  [
    '---',
    'files: [queue.ts]',
    '---',
    '## Problem',
    fence('source="naive.ts#naive"', code(3)),
    '## The code',
    ...fences,
  ].join('\n');

it('is the snippet that the naive way is compared with', () => {
  const text = page(
    fence('source="queue.ts#add"', code(3)),
    fence('source="queue.ts#claim" versus="naive.ts#naive"', code(5)),
  );
  expect(findCore(text)).toMatchObject({ source: 'queue.ts#claim', lang: 'ts', length: 5 });
});

it('is else the first that readers copy', () => {
  const text = page(
    fence('source="app.ts#wire"', code(3)),
    fence('source="queue.ts#add"', code(4)),
  );
  expect(findCore(text)).toMatchObject({ source: 'queue.ts#add' });
});

it('is cut after 14 lines, and never after a comment', () => {
  const lines = [...code(12), '// Why it is so.', '', ...code(10)];
  const core = findCore(page(fence('source="queue.ts#add"', lines)));
  expect(core?.lines).toEqual(code(12));
  expect(core?.length).toBe(24);
});

it('is not cut when it is hardly longer', () => {
  expect(findCore(page(fence('source="queue.ts#add"', code(16))))?.lines).toHaveLength(16);
});

it('is not there when the page shows no code', () => {
  expect(findCore('## Problem\n')).toBeUndefined();
});
