import { z } from 'zod';
import type { Hit } from '../library/search.ts';
import { DETAILS } from '../library/types.ts';
import { ANSWER, takeFitting } from './answer-size.ts';
import type { Context } from './context.ts';
import type { Tool } from './tool.ts';

/** Finds patterns for a problem. */
export function searchPatterns({ search, area, areas }: Context) {
  const input = z.object({
    query: z.string().trim().min(1).max(20_000),
    area,
    limit: z.int().min(1).max(10).default(5),
  });
  return {
    name: 'search_patterns',
    description:
      'Find patterns by 3 to 8 technical keywords; a sentence or an error message works too.',
    input,
    aliases: {
      query: ['q', 'text', 'keywords', 'search', 'question'],
      area: ['category', 'topic', 'domain'],
      limit: ['max', 'count', 'topK', 'maxResults', 'max_results'],
    },
    output,
    answer({ query, area, limit }) {
      const { nearest, planned, ...result } = search(query, { area, limit });
      const hits = takeFitting(result.hits.map(describe), ANSWER.usual, (hits) =>
        JSON.stringify({ hits }),
      );
      const plan = planned ? [`Planned, not written: ${planned.title} (${planned.id}).`] : [];
      if (hits.length > 0)
        return {
          text: [...hits.map(write), ...plan].join('\n'),
          data: { hits, planned: planned?.id },
        };
      const near = nearest.length > 0 ? [`Nearest: ${nearest.join(', ')}.`] : [];
      const text = ['No pattern fits.', ...plan, ...near, `Areas: ${areas.join(', ')}.`].join(' ');
      return { text, data: { hits, nearest, planned: planned?.id, areas } };
    },
  } satisfies Tool<typeof input>;
}

const found = z.object({
  id: z.string(),
  title: z.string(),
  summary: z.string(),
  symptom: z.string().optional(),
  answer: z.string().optional(),
  tokens: z.record(z.enum(DETAILS), z.number()),
});

const output = z.object({
  hits: z.array(found),
  nearest: z.array(z.string()).optional(),
  planned: z.string().optional(),
  areas: z.array(z.string()).optional(),
});

type Found = z.infer<typeof found>;

const describe = ({ pattern, symptom, answer }: Hit): Found => {
  const { id, title, summary, tokens } = pattern;
  return { id, title, summary, symptom, answer, tokens };
};

const write = ({ id, title, summary, symptom, answer, tokens }: Found): string =>
  `${id}: ${title}. ${summary}${symptom === undefined ? '' : ` Symptom: ${symptom} → ${answer}`} Tokens: brief ${tokens.brief}, standard ${tokens.standard}, full ${tokens.full}.`;
