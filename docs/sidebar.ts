import { globSync } from 'node:fs';
import { join } from 'node:path';

const ACRONYMS: Record<string, string> = { api: 'API', iot: 'IoT', ml: 'ML' };

/** The sidebar: the guides in reading order, the pages about all patterns, then one group for each area that has a page. */
export function listSidebar(root: string) {
  return [
    { label: 'Guides', items: guides.map((name) => `guides/${name}`) },
    { label: 'Library', items: LIBRARY },
    ...listAreas(root).map((area) => ({
      label: titleCase(area),
      items: [{ autogenerate: { directory: `patterns/${area}` } }],
    })),
  ];
}

/** The areas that have a pattern page, sorted. */
function listAreas(root: string): string[] {
  const pages = globSync('*/*.md', { cwd: join(root, 'patterns') });
  return [...new Set(pages.map((path) => path.replace(/[\\/].*/, '')))].sort();
}

/** `multi-tenancy` becomes `Multi Tenancy`, `ml` becomes `ML`. */
export function titleCase(slug: string): string {
  return slug
    .split('-')
    .map((word) => ACRONYMS[word] ?? word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
}

const LIBRARY = [
  { label: 'All patterns', link: '/patterns/' },
  { label: 'Symptoms', link: '/symptoms/' },
  { label: 'Map', link: '/map/' },
  { label: 'Proof', link: '/proof/' },
  { label: 'Coverage', link: '/coverage/' },
];

const guides = [
  'getting-started',
  'take-a-pattern',
  'use-with-an-ai-tool',
  'how-proof-works',
  'write-a-pattern',
  'architecture',
];
