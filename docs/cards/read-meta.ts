import { selectAll } from '@astrojs/starlight/expressive-code/hast';
import { fromHtml } from 'hast-util-from-html';

/** What the head of a page says about it, by property or name: `og:title`, `description`. */
export function readMeta(html: string): Map<string, string> {
  const [head = ''] = html.split('</head>', 1);
  const tags = selectAll('meta[content]:is([property], [name])', fromHtml(head));
  return new Map(
    tags.map(({ properties: { property, name, content } }) => [
      `${property ?? name}`,
      `${content}`,
    ]),
  );
}
