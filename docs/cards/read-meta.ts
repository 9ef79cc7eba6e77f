import { select, selectAll } from '@astrojs/starlight/expressive-code/hast';
import type { HtmlTree } from '../built-pages/read-built-pages.ts';

/** What the head of a page says about it, by property or name: `og:title`, `description`. */
export function readMeta(page: HtmlTree): Map<string, string> {
  const head = select('head', page);
  const tags = head ? selectAll('meta[content]:is([property], [name])', head) : [];
  return new Map(
    tags.map(({ properties: { property, name, content } }) => [
      `${property ?? name}`,
      `${content}`,
    ]),
  );
}
