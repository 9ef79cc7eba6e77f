import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OUTSIDE } from '../library/search-index.ts';
import ASKED from './asked-words.json' with { type: 'json' };

/**
 * A topic of the catalogue, which may have no page yet. Who asks about it says `asked`: names of
 * products and errors, and plain words. A page says what a solution is called.
 */
export type Topic = { id: string; title: string; promise: string; asked?: string };

/** The topics of the catalogue. */
export function readTopics(root: string): Topic[] {
  const text = readFileSync(join(root, 'docs/catalogue.json'), 'utf8');
  return addAsked((JSON.parse(text) as { topics: Topic[] }).topics);
}

/** Gives each topic the words that people ask with. */
export function addAsked(topics: Topic[]): Topic[] {
  const asked = new Map(Object.entries(ASKED.topics));
  return topics.map((topic) => ({ ...topic, asked: asked.get(topic.id) ?? '' }));
}

/** The fields beside the library's own. A query that is about one of them has no page, and never will. */
export function listOutside(): Topic[] {
  return Object.entries(ASKED.outside).map(([name, asked]) => ({
    id: `${OUTSIDE}${name}`,
    title: '',
    promise: '',
    asked,
  }));
}
