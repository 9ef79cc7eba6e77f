import { endOf, readMarkdown, startOf } from '../../scripts/engine/markdown.ts';
import type { SourcePattern } from './read-pattern.ts';

/** The paragraph of a page that says how its code is wired in NestJS; empty when there is none. */
export function findNestNote({ body }: Pick<SourcePattern, 'body'>): string {
  const texts = readMarkdown(body)
    .children.filter(({ type }) => type === 'paragraph')
    .map((node) => body.slice(startOf(body, node), endOf(body, node)));
  return texts.find((text) => text.startsWith('In NestJS, ')) ?? '';
}
