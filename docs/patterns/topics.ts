import { areaOf } from '../../scripts/pattern/ids.ts';
import { topics } from '../catalogue.json';
import type { SitePattern } from './library.ts';

/** An area of the catalogue: how many patterns it has, and how many of its topics have none yet. */
export type TopicArea = { area: string; patterns: number; planned: number };

/** The pattern of each topic that has one: it has the topic's id, or lists it under `topics`. */
export function findWritten(patterns: SitePattern[]): Map<string, SitePattern> {
  const written = new Map<string, SitePattern>();
  for (const pattern of patterns)
    for (const id of [pattern.id, ...pattern.data.topics]) written.set(id, pattern);
  return written;
}

/** All areas, those with the most patterns first. */
export function listTopicAreas(patterns: SitePattern[]): TopicArea[] {
  const written = findWritten(patterns);
  const areas = Map.groupBy(topics, ({ id }) => areaOf(id));
  return [...areas]
    .map(([area, group]) => ({
      area,
      patterns: patterns.filter((pattern) => pattern.area === area).length,
      planned: group.filter(({ id }) => !written.has(id)).length,
    }))
    .sort((a, b) => b.patterns - a.patterns || b.planned - a.planned);
}
