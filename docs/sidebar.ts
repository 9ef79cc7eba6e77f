import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { StarlightRouteData } from '@astrojs/starlight/route-data';
import { titleCase } from './text/title-case.ts';

type SidebarEntry = StarlightRouteData['sidebar'][number];

const AREAS = 'Areas';

/** The whole sidebar: the guides in reading order, the pages about all patterns, then each area that has a page. */
export function listSidebar(root: string) {
  return [
    { label: 'Guides', items: guides.map((name) => `guides/${name}`) },
    { label: 'Library', items: LIBRARY },
    { label: AREAS, items: listAreas(root).map(listArea) },
  ];
}

/** The sidebar of one page: only the area that the page is in lists its patterns, each other is one link. */
export function foldSidebar(sidebar: SidebarEntry[]): SidebarEntry[] {
  return sidebar.map((group) =>
    group.type === 'group' && group.label === AREAS
      ? { ...group, entries: group.entries.map(foldArea) }
      : group,
  );
}

function foldArea(area: SidebarEntry): SidebarEntry {
  if (area.type === 'link') return area;
  const [own, ...patterns] = area.entries;
  if (!own) return area;
  const isHere = area.entries.some((entry) => entry.type === 'link' && entry.isCurrent);
  return isHere ? { ...area, entries: [{ ...own, label: 'Overview' }, ...patterns] } : own;
}

function listArea(area: string) {
  const label = titleCase(area);
  const patterns = { autogenerate: { directory: `patterns/${area}` } };
  return { label, items: [{ label, link: `/patterns/${area}/` }, patterns] };
}

/** The areas that have a pattern page, sorted. */
function listAreas(root: string): string[] {
  const pages = globSync('*/*.md', { cwd: join(root, 'patterns') });
  return [...new Set(pages.map((path) => path.replace(/[\\/].*/, '')))].sort();
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
  'add-a-pattern',
  'use-with-an-ai-tool',
  'how-proof-works',
  'write-a-pattern',
  'architecture',
];
