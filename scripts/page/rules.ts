import type { Finding } from '../engine/findings.ts';
import { pagePath } from '../pattern/ids.ts';
import { checkPageProse, checkSourceProse } from '../prose/check-prose.ts';
import { hintAt, shorten } from '../text/hints.ts';
import { checkCore } from './core.ts';
import { type ReadFrontmatter, readFrontmatter } from './frontmatter.ts';
import { DEMANDS } from './levels.ts';
import { checkMutants } from './mutants-rule.ts';
import type { StructureInput } from './sections.ts';
import { checkStructure } from './structure.ts';

/** The rules of pages, with what they remember from one page to the next. */
export type PageRules = {
  readFrontmatter: typeof readFrontmatter;
  checkMutants: typeof checkMutants;
  checkSources: typeof checkSourceProse;
  checkPage: (
    page: Omit<StructureInput, 'demands' | 'exists'>,
    frontmatter: ReadFrontmatter,
  ) => Finding[];
};

type Repository = {
  /** The ids of all patterns. */
  ids: string[];
  /** The text of docs/catalogue.json; without it, topics are only compared with each other. */
  catalogue: string | undefined;
  exists: StructureInput['exists'];
};

/** Creates the rules for one run over pages; which page has which topic and which old id is all they remember. */
export function createPageRules({ ids, catalogue, exists }: Repository): PageRules {
  const known = new Set(ids);
  const catalogued = readTopics(catalogue);
  const claims = new Map<string, string>();
  const former = new Map<string, string>();

  function checkPage(
    page: Omit<StructureInput, 'demands' | 'exists'>,
    frontmatter: ReadFrontmatter,
  ): Finding[] {
    const demands = DEMANDS[frontmatter.data?.level ?? 1];
    return [
      ...frontmatter.findings,
      ...checkIds(page.file, frontmatter),
      ...checkTopics(page, frontmatter),
      ...checkAlternatives(page.file, frontmatter),
      ...checkFormer(page.file, frontmatter),
      ...checkCore({ ...page, demands }, frontmatter),
      ...checkStructure({ ...page, demands, exists }),
      ...checkPageProse(page),
    ];
  }

  function checkIds(file: string, { data, locate }: ReadFrontmatter): Finding[] {
    return (['requires', 'related'] as const).flatMap((field) =>
      [...(data?.[field] ?? []).entries()].flatMap(([index, id]) => {
        if (known.has(id)) return [];
        const message = `${field} names ${shorten(id)}, and there is no such pattern`;
        const fix = 'name a pattern that is there';
        const place = { file, ...locate([field, index]) };
        return [{ code: 'pattern-unknown' as const, ...place, message, fix, ...hintAt(id, known) }];
      }),
    );
  }

  function checkTopics(
    { file, id }: { file: string; id: string },
    frontmatter: ReadFrontmatter,
  ): Finding[] {
    const { data, locate } = frontmatter;
    // A page answers the topic of its own id without saying so.
    const own = claimTopic({ topic: id, file, place: { line: 1, column: 1 } });
    const others = (data?.topics ?? []).flatMap((topic, index) => {
      const place = locate(['topics', index]);
      return [...claimTopic({ topic, file, place }), ...checkCatalogued(file, topic, place)];
    });
    return [...own, ...others];
  }

  function checkAlternatives(file: string, { data, locate }: ReadFrontmatter): Finding[] {
    return (data?.notWhen ?? []).flatMap(({ topics = [] }, index) =>
      topics.flatMap((topic, at) =>
        checkCatalogued(file, topic, locate(['notWhen', index, 'topics', at])),
      ),
    );
  }

  function claimTopic({ topic, file, place }: Claim): Finding[] {
    const first = claims.get(topic);
    claims.set(topic, first ?? file);
    if (first === undefined) return [];
    const message = `topic ${shorten(topic)} is claimed by ${first} already`;
    const fix = 'leave it to one of the two pages';
    return [{ code: 'topic-twice', file, ...place, message, fix }];
  }

  function checkCatalogued(file: string, topic: string, place: Claim['place']): Finding[] {
    if (catalogued === undefined || catalogued.has(topic)) return [];
    const message = `docs/catalogue.json has no topic ${shorten(topic)}`;
    const fix = 'name a topic that is there';
    return [{ code: 'topic-unknown', file, ...place, message, fix, ...hintAt(topic, catalogued) }];
  }

  function checkFormer(file: string, { data, locate }: ReadFrontmatter): Finding[] {
    return (data?.formerly ?? []).flatMap((id, index) => {
      const first = known.has(id) ? pagePath(id) : former.get(id);
      former.set(id, first ?? file);
      if (first === undefined) return [];
      const message = `${first} has ${shorten(id)} already, so it cannot lead here too`;
      const fix = 'leave it to one of the two pages';
      const place = { file, ...locate(['formerly', index]) };
      return [{ code: 'formerly-taken' as const, ...place, message, fix }];
    });
  }

  return { readFrontmatter, checkMutants, checkSources: checkSourceProse, checkPage };
}

type Claim = { topic: string; file: string; place: { line: number; column: number } };

function readTopics(catalogue: string | undefined): Set<string> | undefined {
  if (catalogue === undefined) return undefined;
  const { topics } = JSON.parse(catalogue) as { topics: { id: string }[] };
  return new Set(topics.map(({ id }) => id));
}
