import { getCollection } from 'astro:content';
import type { PatternFrontmatter } from '../../scripts/page/frontmatter.ts';
import { areaOf } from '../../scripts/pattern/ids.ts';
import {
  countEvidence,
  type Evidence,
  type EvidenceCounts,
  isBuild,
  readEvidence,
} from './evidence.ts';

/** A pattern as the pages about patterns know it. */
export type SitePattern = {
  /** `<area>/<slug>`. */
  id: string;
  area: string;
  /** Where its page is on this site. */
  address: string;
  data: PatternFrontmatter;
  /** Its page without the frontmatter. */
  body: string;
  evidence: Evidence;
  counts: EvidenceCounts;
};

let known: Promise<SitePattern[]> | undefined;

/** All patterns, sorted by id, each with its evidence; listed once a build. */
export function listLibrary(): Promise<SitePattern[]> {
  const library = known ?? listAnew();
  if (isBuild()) known = library;
  return library;
}

/** The pattern of an id, for a page that names it; a page that names one which is gone fails the build. */
export async function findPattern(id: string): Promise<SitePattern> {
  const found = (await listLibrary()).find((pattern) => pattern.id === id);
  if (!found) throw new Error(`there is no pattern ${id}`);
  return found;
}

async function listAnew(): Promise<SitePattern[]> {
  const entries = await getCollection('patterns');
  return entries.map(toPattern).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function toPattern(entry: { id: string; data: PatternFrontmatter; body?: string | undefined }) {
  const id = entry.id.replace('patterns/', '');
  // process.cwd(): in the build this module is bundled, and its own folder is that of the bundle.
  const evidence = readEvidence(process.cwd(), id);
  return {
    id,
    area: areaOf(id),
    address: `/patterns/${id}/`,
    data: entry.data,
    body: entry.body ?? '',
    evidence,
    counts: countEvidence(evidence),
  };
}
