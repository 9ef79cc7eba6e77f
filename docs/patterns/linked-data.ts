import { titleCase } from '../text/title-case.ts';

type PatternPage = {
  id: string;
  title: string;
  description: string;
  site: URL;
  changed: Date | undefined;
};

/** What a pattern page is and where it is in the library, for search engines (schema.org, JSON-LD). */
export function writeLinkedData({ id, title, description, site, changed }: PatternPage): string {
  const [area = ''] = id.split('/');
  const address = (path: string) => `${new URL(path, site)}`;
  const crumbs = [
    { name: 'Patterns', item: address('/patterns/') },
    { name: titleCase(area), item: address(`/patterns/${area}/`) },
    { name: title, item: address(`/patterns/${id}/`) },
  ];
  const graph = [
    {
      '@type': 'TechArticle',
      headline: title,
      description,
      url: address(`/patterns/${id}/`),
      inLanguage: 'en',
      ...(changed && { dateModified: changed.toISOString() }),
    },
    {
      '@type': 'BreadcrumbList',
      itemListElement: crumbs.map((crumb, index) => ({
        '@type': 'ListItem',
        position: index + 1,
        ...crumb,
      })),
    },
  ];
  // A `<` could end the script.
  return JSON.stringify({ '@context': 'https://schema.org', '@graph': graph }).replaceAll(
    '<',
    '\\u003c',
  );
}
