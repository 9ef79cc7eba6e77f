import { findFrontmatter } from '../engine/frontmatter.ts';
import type { Proof } from '../engine/records.ts';
import type { PatternFrontmatter } from '../page/frontmatter.ts';

/** A pattern whose page and example can be read. */
export type Pattern = {
  id: string;
  data: PatternFrontmatter;
  /** The page without its frontmatter. */
  body: string;
  sources: ReadonlyMap<string, string>;
  proof?: Proof;
};

/** What a pattern is made of, each part parsed already. */
export type PatternParts = Pick<Pattern, 'id' | 'data' | 'sources'> & {
  page: string;
  proof: Proof | undefined;
};

/** Makes a pattern of its parts. */
export function composePattern({ page, proof, ...parts }: PatternParts): Pattern {
  const body = page.slice(findFrontmatter(page)?.next ?? 0).trim();
  return { ...parts, body, ...(proof && { proof }) };
}
