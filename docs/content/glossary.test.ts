import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const GLOSSARY = 'docs/content/docs/glossary.md';
const MOST_WORDS = 50;

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

const sections = read(GLOSSARY).split(/^## /m).slice(1);
const terms = sections.map((section) =>
  [...section.matchAll(/^### (.*)$/gm)].map(([, term = '']) => term),
);

it('lists its terms by the alphabet, each in a few words', () => {
  for (const list of terms)
    expect(list).toEqual([...list].sort((a, b) => a.localeCompare(b, 'en')));
  const texts = sections.flatMap((section) => section.split(/^### .*$/m).slice(1));
  expect(texts.filter((text) => text.trim().split(/\s+/).length > MOST_WORDS)).toEqual([]);
});

it('has only words that the pages use', () => {
  const pages = globSync(['patterns/*/*.md', 'docs/content/docs/**/*.{md,mdx}'], { cwd: ROOT });
  const texts = pages.filter((file) => file !== GLOSSARY).map(read);
  const components = globSync('docs/{components,pages}/**/*.astro', { cwd: ROOT }).map(read);
  const all = [...texts, ...components].join('\n').replaceAll(/\s+/g, ' ');
  const isUsed = (term: string) => new RegExp(`\\b${term}(?:s|es|d|ned)?\\b`, 'i').test(all);
  expect(terms.flat().filter((term) => !isUsed(term))).toEqual([]);
});
