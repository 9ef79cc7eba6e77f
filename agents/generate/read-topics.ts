import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A topic of the catalogue, which may have no page yet. */
export type Topic = { id: string; title: string; promise: string };

/** The topics of the catalogue. */
export function readTopics(root: string): Topic[] {
  const text = readFileSync(join(root, 'docs/catalogue.json'), 'utf8');
  return (JSON.parse(text) as { topics: Topic[] }).topics;
}
