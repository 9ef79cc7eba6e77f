import type { SitePattern } from '../patterns/library.ts';
import { writeFacts, writeTwin } from './markdown-twin.ts';

/** The pages of some patterns in one text. */
export function writeAllPages(patterns: SitePattern[]): string {
  const pages = patterns.map(({ id, data, body }) => {
    const { title, summary } = data;
    return writeTwin({ path: `patterns/${id}.md`, title, summary, body }, writeFacts(data));
  });
  return pages.join('\n---\n\n');
}
