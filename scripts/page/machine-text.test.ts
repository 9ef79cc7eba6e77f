import { expect, it } from 'vitest';
import { cleanBody, listInvariants, listSections, listSourceFences } from './machine-text.ts';

const CODE = ['const a = 1;', '', '', '## not a heading', 'import b from "b";'];

it('keeps each fence of code that names its source, however it is written', () => {
  const text = [
    '```ts source="a.ts#one"',
    ...CODE,
    '```',
    '````ts source="a.ts#four"',
    ...CODE,
    '```',
    '````',
    '~~~sql title="Schema" source="a.ts#title" {2}',
    'select 1;',
    '~~~',
    '1. In a list:',
    '',
    '   ```ts source="a.ts#list"',
    '   if (a) {',
    '',
    '     b();',
    '   }',
    '   ```',
    '',
    '> ```ts source="a.ts#quote"',
    '> c();',
    '> ```',
  ].join('\n');

  const fences = listSourceFences(text);
  expect(fences.map(({ source }) => source)).toEqual([
    'a.ts#one',
    'a.ts#four',
    'a.ts#title',
    'a.ts#list',
    'a.ts#quote',
  ]);
  expect(fences.map((fence) => fence.text.split('\n'))).toEqual([
    ['```ts source="a.ts#one"', ...CODE, '```'],
    ['````ts source="a.ts#four"', ...CODE, '```', '````'],
    ['~~~sql title="Schema" source="a.ts#title" {2}', 'select 1;', '~~~'],
    ['```ts source="a.ts#list"', 'if (a) {', '', '  b();', '}', '```'],
    ['```ts source="a.ts#quote"', 'c();', '```'],
  ]);
});

it('splits at headings of the second rank, and not inside code', () => {
  const text = ['Before.', '## One', '', 'A', '### Below', '```', ...CODE, '```', '## Two', 'B'];
  expect(listSections(text.join('\n'))).toEqual([
    { name: 'One', text: ['A', '### Below', '```', ...CODE, '```'].join('\n') },
    { name: 'Two', text: 'B' },
  ]);
});

it('leaves out the markers of generated blocks, and what a fence is compared with', () => {
  const body = [
    '<!-- generated:failures -->',
    '',
    '| a |',
    '',
    '<!-- /generated:failures -->',
    '',
    '```ts title="b" versus="c.ts#d" source="a.ts#b" {2}',
    '<!-- generated:bench -->',
    '```',
  ];
  expect(cleanBody(body.join('\n'), { diagrams: true })).toBe(
    ['| a |', '', '```ts title="b" source="a.ts#b" {2}', '<!-- generated:bench -->', '```'].join(
      '\n',
    ),
  );
});

it('leaves out diagrams unless they are asked for', () => {
  const body = 'Before.\n\n````mermaid\na --> b\n```\n````\n\nAfter.';
  expect(cleanBody(body, { diagrams: true })).toBe(body);
  expect(cleanBody(body, { diagrams: false })).toBe('Before.\n\nAfter.');
});

it('finds the numbered items with all their lines', () => {
  const text = '- no\n\n1. One\n   goes on.\n2. Two\n\n```\n3. no\n```';
  expect(listInvariants(text)).toBe('1. One\n   goes on.\n2. Two');
});
