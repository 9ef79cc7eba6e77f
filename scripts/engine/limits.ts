/** The bounds of a page, the same at every level; `page/levels.ts` has what a level demands beyond them. */
export const LIMITS = {
  /** Lines and columns of one snippet, and lines of all snippets but those of the problem. */
  snippetLines: 40,
  snippetColumns: 72,
  pageLines: 120,
  /** Lines of the core, which a page shows before its story. */
  coreLines: 14,
  /** Snippets under "The code", and the words between two of them. */
  snippets: 4,
  wordsBetweenSnippets: 60,
  words: 1_400,
  invariants: { least: 3, most: 6 },
  /** Characters of the fields of the frontmatter, and how many symptoms and keywords there are. */
  summary: 160,
  symptom: 90,
  answer: 120,
  symptoms: { least: 3, most: 6 },
  keyword: 60,
  keywords: 30,
} as const;
