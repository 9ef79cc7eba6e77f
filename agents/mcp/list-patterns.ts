import { z } from 'zod';
import type { PatternEntry } from '../library/types.ts';
import { ANSWER, takeFitting } from './answer-size.ts';
import type { Context } from './context.ts';
import { estimateTokens } from './estimate-tokens.ts';
import type { Tool } from './tool.ts';

/** Lists what there is. */
export function listPatterns({ library, area }: Context) {
  const input = z.object({ area });
  return {
    name: 'list_patterns',
    description: 'List all patterns, or those of an area, each with a symptom it is for.',
    input,
    aliases: { area: ['category', 'topic', 'domain'] },
    output,
    answer({ area }) {
      const chosen = library.patterns.filter((one) => area === undefined || one.area === area);
      const listed = fit(chosen.map(describe));
      const leftOut = chosen.length - listed.length;
      if (leftOut === 0) return { text: writeList(listed), data: { patterns: listed } };
      const text = `${writeList(listed)}\n${leftOut} left out: name an area.`;
      return { text, data: { patterns: listed, leftOut } };
    },
  } satisfies Tool<typeof input>;
}

const listed = z.object({ id: z.string(), symptom: z.string().optional() });

const output = z.object({ patterns: z.array(listed), leftOut: z.number().optional() });

type Listed = z.infer<typeof listed>;

/** All patterns as a text, by area, a line each. */
export const writeIndex = (patterns: PatternEntry[]): string => writeList(patterns.map(describe));

const describe = ({ id, symptoms: [symptom] }: PatternEntry): Listed =>
  symptom === undefined ? { id } : { id, symptom };

const ROOM_FOR_NOTE = 30;

/** With symptoms if all fit so, else without, else the first of them. */
function fit(patterns: Listed[]): Listed[] {
  const write = (patterns: Listed[]) => JSON.stringify({ patterns });
  const budget = ANSWER.usual - ROOM_FOR_NOTE;
  if (estimateTokens(write(patterns)) <= budget) return patterns;
  const ids = patterns.map(({ id }) => ({ id }));
  return takeFitting(ids, budget, write);
}

const writeList = (patterns: Listed[]): string =>
  patterns.map(({ id, symptom }) => (symptom === undefined ? id : `${id}: ${symptom}`)).join('\n');
