import { defineCollection, type SchemaContext } from 'astro:content';
import { docsSchema, i18nSchema } from '@astrojs/starlight/schema';
import { glob } from 'astro/loaders';
import { patternFrontmatter } from '../scripts/page/frontmatter.ts';

/** The address of a page: its path without `docs/content/docs/` and without its ending. */
function pageAddress({ entry }: { entry: string }): string {
  return entry.replace('docs/content/docs/', '').replace(/\.mdx?$/, '');
}

/** deferRender: else a plugin that throws leaves an empty page and the build passes. */
const pages = { base: '.', deferRender: true, generateId: pageAddress };

const patternFields = patternFrontmatter.omit({ title: true }).partial();

/** What Starlight demands of every page; a pattern's own fields may be there. */
function pageSchema(context: SchemaContext) {
  return docsSchema({ extend: patternFields })(context).transform((page) => ({
    ...page,
    description: page.description ?? page.summary,
  }));
}

export const collections = {
  docs: defineCollection({
    loader: glob({ ...pages, pattern: ['docs/content/docs/**/*.{md,mdx}', 'patterns/*/*.md'] }),
    schema: pageSchema,
  }),
  // Empty, but without it each build warns that it is missing.
  i18n: defineCollection({ loader: () => [{ id: 'en' }], schema: i18nSchema() }),
  patterns: defineCollection({
    loader: glob({ ...pages, pattern: 'patterns/*/*.md' }),
    schema: patternFrontmatter,
  }),
};
