import type { SourcePattern } from './read-pattern.ts';
import { writeStandard } from './write-texts.ts';

/** What the texts that are kept in git tell of a pattern. */
export type CommittedPattern = {
  id: string;
  area: string;
  slug: string;
  title: string;
  symptoms: readonly string[];
  keywords: readonly string[];
  /** The standard text. */
  standard: string;
};

/** A pattern for the texts in git. */
export function toCommittedPattern(source: SourcePattern): CommittedPattern {
  const { id, area, slug, data } = source;
  const { title, symptoms, keywords } = data;
  return {
    id,
    area,
    slug,
    title,
    symptoms: Object.keys(symptoms),
    keywords,
    standard: writeStandard(source),
  };
}
