import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { StarlightRouteData } from '@astrojs/starlight/route-data';
import { titleCase } from './text/title-case.ts';

type SidebarEntry = StarlightRouteData['sidebar'][number];
type SidebarLink = Extract<SidebarEntry, { type: 'link' }>;

const AREAS = 'Areas';

/** The whole sidebar: the guides in reading order, the pages about all patterns, then each area that has a page. */
export function listSidebar(root: string) {
  return [
    { label: 'Guides', items: guides.map((name) => `guides/${name}`) },
    { label: 'Library', items: LIBRARY },
    { label: AREAS, items: listAreas(root).map(listArea) },
  ];
}

/** The sidebar of one page: only the area that the page is in lists its patterns, in the order of `addresses`; each other is one link. */
export function foldSidebar(sidebar: SidebarEntry[], addresses: string[]): SidebarEntry[] {
  return sidebar.map((group) =>
    group.type === 'group' && group.label === AREAS
      ? { ...group, entries: group.entries.map((area) => foldArea(area, addresses)) }
      : group,
  );
}

/** The pages before and after one: from a pattern to a pattern, and from an area to the first of its own; undefined for any other. */
export function findNextPatterns(
  sidebar: SidebarEntry[],
  address: string,
  addresses: string[],
): StarlightRouteData['pagination'] | undefined {
  const links = new Map(listLinks(sidebar).map((link) => [link.href, link]));
  const find = (index: number) => links.get(addresses[index] ?? '');
  const index = addresses.indexOf(address);
  if (index !== -1) return { prev: find(index - 1), next: find(index + 1) };
  if (!/^\/patterns\/./.test(address)) return undefined;
  return { prev: undefined, next: find(addresses.findIndex((one) => one.startsWith(address))) };
}

function listLinks(entries: SidebarEntry[]): SidebarLink[] {
  return entries.flatMap((entry) => (entry.type === 'link' ? entry : listLinks(entry.entries)));
}

function foldArea(area: SidebarEntry, addresses: string[]): SidebarEntry {
  if (area.type === 'link') return area;
  const [own, ...patterns] = area.entries;
  if (!own) return area;
  const isHere = area.entries.some((entry) => entry.type === 'link' && entry.isCurrent);
  if (!isHere) return own;
  const place = (entry: SidebarEntry) =>
    entry.type === 'link' ? addresses.indexOf(entry.href) : 0;
  patterns.sort((a, b) => place(a) - place(b));
  return { ...area, entries: [{ ...own, label: 'Overview' }, ...patterns] };
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
  { label: 'Learning paths', link: '/paths/' },
  { label: 'Comparisons', link: '/compare/' },
  { label: 'Symptoms', link: '/symptoms/' },
  { label: 'Map', link: '/map/' },
  { label: 'Proof', link: '/proof/' },
  { label: 'Coverage', link: '/coverage/' },
  { label: 'Glossary', link: '/glossary/' },
  { label: 'Changelog', link: '/changelog/' },
];

const guides = [
  'getting-started',
  'add-a-pattern',
  'use-with-an-ai-tool',
  'how-proof-works',
  'write-a-pattern',
  'owasp-asvs',
  'architecture',
];
