import { z } from 'zod';
import { slugOf } from '../../scripts/pattern/ids.ts';
import type { PatternEntry } from '../library/types.ts';
import { ANSWER, takeFitting } from './answer-size.ts';
import type { Context } from './context.ts';
import { estimateTokens } from './estimate-tokens.ts';
import type { Tool } from './tool.ts';

/** Lists what there is. */
export function listPatternsTool({ library, area }: Context) {
  const input = z.object({ area });
  return {
    name: 'list_patterns',
    description: 'List all patterns, or those of an area, each with a symptom it is for.',
    input,
    aliases: { area: ['category', 'topic', 'domain'] },
    output,
    answer({ area }) {
      const chosen = library.patterns.filter((one) => area === undefined || one.area === area);
      const data = area === undefined ? fitAll(chosen) : fitArea(chosen);
      return { text: write(data), data };
    },
  } satisfies Tool<typeof input>;
}

const listed = z.object({ id: z.string(), symptom: z.string().optional() });

/** Either all in full, or less of each and `more`, which says how to get the rest. */
const output = z.object({
  patterns: z.array(listed).optional(),
  slugs: z.record(z.string(), z.string()).optional(),
  counts: z.record(z.string(), z.number()).optional(),
  more: z.string().optional(),
});

type Listed = z.infer<typeof listed>;
type Output = z.infer<typeof output>;

/** All patterns as a text, by area, a line each. */
export const writePatternList = (patterns: PatternEntry[]): string =>
  writeList(patterns.map(describe));

const describe = ({ id, symptoms }: PatternEntry): Listed => {
  const [symptom] = Object.keys(symptoms);
  return symptom === undefined ? { id } : { id, symptom };
};

const fits = (data: Output): boolean => estimateTokens(JSON.stringify(data)) <= ANSWER.usual;

/** With symptoms if all fit so, else the slugs of each area, else how many each area has. */
function fitAll(patterns: PatternEntry[]): Output {
  const whole = { patterns: patterns.map(describe) };
  if (fits(whole)) return whole;
  const areas = Object.groupBy(patterns, ({ area }) => area);
  const slugs = mapValues(areas, (group) => group.map(toSlug).join(', '));
  const more = 'An id is <area>/<slug>. Name an area for the symptoms of its patterns.';
  if (fits({ slugs, more })) return { slugs, more };
  const counts = mapValues(areas, (group) => group.length);
  return { counts, more: 'Name an area for its patterns.' };
}

/** With symptoms if all fit so, else the ids, else the first of them. */
function fitArea(patterns: PatternEntry[]): Output {
  const whole = { patterns: patterns.map(describe) };
  if (fits(whole)) return whole;
  const ids = patterns.map(({ id }) => ({ id }));
  const short = { patterns: ids, more: 'get_pattern has the symptoms.' };
  if (fits(short)) return short;
  const more = `The area has ${ids.length}: search_patterns finds the others.`;
  const size = (shown: Listed[]) => JSON.stringify({ patterns: shown, more });
  return { patterns: takeFitting(ids, ANSWER.usual, size), more };
}

const toSlug = ({ id }: PatternEntry): string => slugOf(id);

function mapValues<T, U>(
  groups: Partial<Record<string, T[]>>,
  map: (group: T[]) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(groups).map(([name, group = []]) => [name, map(group)]));
}

function write({ patterns = [], slugs = {}, counts = {}, more }: Output): string {
  const areas = Object.entries({ ...slugs, ...counts }).map(([area, what]) => `${area}: ${what}`);
  const list = patterns.length > 0 ? [writeList(patterns)] : [];
  return [...list, ...areas, ...(more === undefined ? [] : [more])].join('\n');
}

const writeList = (patterns: Listed[]): string =>
  patterns.map(({ id, symptom }) => (symptom === undefined ? id : `${id}: ${symptom}`)).join('\n');
