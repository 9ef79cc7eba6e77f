import { seededRandom } from '../../examples/kit/testing/random.ts';
import type { IndexedPattern } from '../generate/index-search.ts';
import type { Topic } from '../generate/read-topics.ts';

/** Of words that stand on one page only, so many come on the next page too (Good and Turing). */
const UNSEEN = 0.3;

/**
 * Pages for topics that have none, as a library of more patterns would have. A page names itself
 * with the words of its topic, and has each word of real pages with the chance that a real page
 * has it: what all share is on all, what is peculiar to one is on few. The same on each call.
 */
export function makeDistractors(
  own: IndexedPattern[],
  { topics, count }: { topics: Topic[]; count: number },
): IndexedPattern[] {
  const [like] = own;
  if (!like) return [];
  const random = seededRandom(1);
  const chances = [...countPages(own)].map(([word, pages]): [string, number] => [
    word,
    (pages - 1 + UNSEEN) / own.length,
  ]);
  return topics
    .filter(({ id }) => own.every((pattern) => pattern.id !== id))
    .slice(0, count)
    .map((topic) => {
      const words = chances.flatMap(([word, chance]) => (random() < chance ? [word] : []));
      return { ...nameAfter(topic, like), body: `## How it works\n\n${words.join(' ')}` };
    });
}

function nameAfter({ id, title, promise }: Topic, { data }: IndexedPattern) {
  const keywords = title.split(/\W+/);
  const named = { title, summary: promise, symptoms: { [promise]: promise }, keywords };
  return { id, data: { ...data, ...named, useWhen: [], references: [] } };
}

/** On how many pages each word stands. */
function countPages(patterns: IndexedPattern[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { body, data } of patterns) {
    const words = `${body} ${Object.keys(data.symptoms)} ${data.keywords}`.match(/[A-Za-z_]{2,}/g);
    for (const word of new Set(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}
