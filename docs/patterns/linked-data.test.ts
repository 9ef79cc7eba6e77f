import { expect, it } from 'vitest';
import { writeLinkedData } from './linked-data.ts';

const page = {
  id: 'jobs/queue',
  title: 'A </script> queue',
  description: 'It waits.',
  site: new URL('https://site.example'),
  changed: new Date('2026-11-30T00:00:00Z'),
};

it('says what the page is and where it is, and cannot end its script', () => {
  const text = writeLinkedData(page);
  expect(text).not.toContain('<');
  const [article, crumbs] = JSON.parse(text)['@graph'];
  expect(article).toMatchObject({ headline: page.title, dateModified: '2026-11-30T00:00:00.000Z' });
  expect(crumbs.itemListElement.map(({ item }: { item: string }) => item)).toEqual([
    'https://site.example/patterns/',
    'https://site.example/patterns/jobs/',
    'https://site.example/patterns/jobs/queue/',
  ]);
});
