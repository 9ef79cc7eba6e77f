import { z } from 'zod';
import { BUDGETS } from '../generate/budgets.ts';
import { DETAILS, type Detail, type PatternEntry } from '../library/types.ts';
import { ANSWER, maxTokens } from './answer-size.ts';
import type { Context } from './context.ts';
import type { Tool } from './tool.ts';
import { ID_ALIASES } from './tool-input.ts';

const ROOM_FOR_NOTE = 50;
/** One pattern in full, the note, and what separates them. */
const FULL_ANSWER = BUDGETS.full + 2 * ROOM_FOR_NOTE;
const COSTS = DETAILS.map((detail) => `${detail} ${BUDGETS[detail]}`).join(', ');

const input = z.object({
  ids: z.array(z.string().min(1).max(200)).min(1).max(3),
  detail: z.enum(DETAILS).default('standard').describe(`full needs maxTokens ${FULL_ANSWER}`),
  maxTokens,
});

/** Reads patterns, as Markdown. */
export function getPattern({ library, find }: Context) {
  return {
    name: 'get_pattern',
    description: `Read patterns as Markdown: rules, code and the failures tested. Tokens each: ${COSTS}.`,
    input,
    aliases: {
      ids: ['id', ...ID_ALIASES, 'patterns'],
      detail: ['level', 'format'],
      maxTokens: ['tokens', 'max_tokens'],
    },
    answer({ ids, detail, maxTokens }) {
      const patterns = [...new Set(ids.map(find))];
      const chosen = chooseDetails(patterns, detail, maxTokens - ROOM_FOR_NOTE);
      const texts = [...chosen].map(([{ id }, detail]) => library.readText(id, detail).trim());
      return { text: [...texts, ...noteShortened(patterns, chosen, detail)].join('\n\n') };
    },
  } satisfies Tool<typeof input>;
}

type Chosen = Map<PatternEntry, Detail>;

/** Each in the shortest detail first, then, from the first on, in the longest that fits. */
function chooseDetails(patterns: PatternEntry[], wanted: Detail, budget: number): Chosen {
  const details = DETAILS.slice(0, DETAILS.indexOf(wanted) + 1);
  const chosen: Chosen = new Map();
  for (const detail of details) {
    for (const pattern of patterns) {
      const larger = new Map(chosen).set(pattern, detail);
      if (count(larger) <= budget) chosen.set(pattern, detail);
    }
  }
  return chosen;
}

const count = (chosen: Chosen): number =>
  [...chosen].reduce((sum, [{ tokens }, detail]) => sum + tokens[detail] + 2, 0);

function noteShortened(patterns: PatternEntry[], chosen: Chosen, wanted: Detail): string[] {
  const short = patterns.filter((pattern) => chosen.get(pattern) !== wanted);
  if (short.length === 0) return [];
  const needed = count(new Map(patterns.map((pattern) => [pattern, wanted]))) + ROOM_FOR_NOTE;
  const list = short.map((one) => `${one.id} (${chosen.get(one) ?? 'left out'})`).join(', ');
  const advice =
    needed > ANSWER.most
      ? 'Ask for fewer at once'
      : `In ${wanted} detail all need maxTokens ${needed}`;
  return [`Shortened to fit: ${list}. ${advice}.`];
}
