import { areaOf } from '../../scripts/pattern/ids.ts';
import catalogue from '../catalogue.json' with { type: 'json' };
import type { SitePattern } from './library.ts';

const { topics } = catalogue;

/** An area of the catalogue: how many patterns it has, and how many of its topics have none yet. */
export type TopicArea = { area: string; patterns: number; planned: number };

/** The pattern of each topic that has one: it has the topic's id, or lists it under `topics`. */
export function findWritten(patterns: SitePattern[]): Map<string, SitePattern> {
  const written = new Map<string, SitePattern>();
  for (const pattern of patterns)
    for (const id of [pattern.id, ...pattern.data.topics]) written.set(id, pattern);
  return written;
}

/** A topic as a page names it: its title, and the pattern that answers it; without a pattern it is planned. */
export type NamedTopic = { id: string; title: string; pattern: SitePattern | undefined };

/** Names topics by their ids: a written one as its pattern, a planned one as the catalogue does. */
export function nameTopics(ids: readonly string[], patterns: SitePattern[]): NamedTopic[] {
  const written = findWritten(patterns);
  return ids.map((id) => {
    const pattern = written.get(id);
    const topic = topics.find((topic) => topic.id === id);
    return { id, title: pattern?.data.title ?? topic?.title ?? id, pattern };
  });
}

/** The title of a topic that is planned; throws once a pattern answers it, and for an id that nobody plans. */
export function titlePlannedTopic(id: string, patterns: SitePattern[]): string {
  if (findWritten(patterns).has(id)) throw new Error(`${id} is written: say what it tests`);
  const topic = topics.find((topic) => topic.id === id);
  if (!topic) throw new Error(`The catalogue has no ${id}`);
  return topic.title;
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
