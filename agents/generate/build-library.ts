import type { LibraryIndex, PatternEntry, ServiceTemplate } from '../library/types.ts';
import { buildService, SERVICE } from './build-service.ts';
import { countTokens } from './count-tokens.ts';
import { type PatternCopy, prepareCopy } from './prepare-copy.ts';
import { readKit } from './read-kit.ts';
import { readSourcePatterns, type SourcePattern } from './read-pattern.ts';
import { listOutside, readTopics, type Topic } from './read-topics.ts';
import { writeTexts } from './write-texts.ts';

/** A pattern with all that is made of it. */
export type BuiltPattern = {
  source: SourcePattern;
  entry: PatternEntry;
  texts: ReturnType<typeof writeTexts>;
  copy: PatternCopy;
};

/** Everything that the package is made of: one source, from which each surface is written. */
export type BuiltLibrary = {
  version: string;
  patterns: BuiltPattern[];
  /** Undefined in a repository that has no such pattern. */
  service: ServiceTemplate | undefined;
  /** The topics of the catalogue, written or not, and the fields outside of it. */
  topics: Topic[];
};

/** Reads the repository's patterns and writes their texts. */
export function buildLibrary(root: string, version: string): BuiltLibrary {
  const kit = readKit(root);
  const sources = readSourcePatterns(root);
  const byId = new Map(sources.map((source) => [source.id, source]));
  const patterns = sources.map((source) => {
    const texts = writeTexts(source);
    return { source, texts, entry: describe(source, texts), copy: prepareCopy(source, kit, byId) };
  });
  const template = byId.get(SERVICE);
  const service = template && buildService(root, template, kit);
  return { version, patterns, service, topics: [...readTopics(root), ...listOutside()] };
}

/** What is loaded to list and to search. */
export function writeIndex({ version, patterns }: BuiltLibrary): LibraryIndex {
  return { version, patterns: patterns.map(({ entry }) => entry) };
}

function describe(source: SourcePattern, texts: BuiltPattern['texts']): PatternEntry {
  const { id, area, data, proof } = source;
  const { title, summary, level, needs, symptoms, keywords, requires, related } = data;
  return {
    id,
    area,
    title,
    summary,
    level,
    needs,
    symptoms,
    keywords,
    requires,
    related,
    tokens: {
      brief: countTokens(texts.brief),
      standard: countTokens(texts.standard),
      full: countTokens(texts.full),
    },
    tests: proof?.tests.length ?? 0,
    failures: proof?.failures.length ?? 0,
  };
}
