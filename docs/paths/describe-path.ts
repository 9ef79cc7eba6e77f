import { NPX } from '../../agents/library/package-name.ts';
import type { SitePattern } from '../patterns/library.ts';
import { type NamedTopic, nameTopics } from '../patterns/topics.ts';
import type { LearningPath } from './learning-paths.ts';

/** A step as a page shows it: its topic with its pattern, and what it adds. */
export type DescribedStep = NamedTopic & { adds: string };

/** A path as a page shows it; `command` adds all its written patterns. */
export type DescribedPath = Pick<LearningPath, 'title' | 'summary'> & {
  address: string;
  steps: DescribedStep[];
  progress: string;
  command: string;
};

/** Joins a learning path with the patterns that are written. */
export function describePath(path: LearningPath, patterns: SitePattern[]): DescribedPath {
  const topics = nameTopics(
    path.steps.map(({ id }) => id),
    patterns,
  );
  const written = topics.flatMap(({ pattern }) => pattern?.id ?? []);
  return {
    title: path.title,
    summary: path.summary,
    address: `/paths/${path.slug}/`,
    steps: topics.map((topic, index) => ({ ...topic, adds: path.steps[index]?.adds ?? '' })),
    progress: `${written.length} of ${topics.length} written`,
    command: `${NPX} add ${written.join(' ')} --with-tests`,
  };
}
