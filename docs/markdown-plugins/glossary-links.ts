import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Link, Text } from 'mdast';
import type { MdastPluginDefinition, PluginFactoryContext } from 'satteri';
import { findPatternId } from '../patterns/find-pattern-id.ts';

/** Links each word of the field to the glossary, where the prose of a pattern's page uses it first. */
export function glossaryLinks(root: string) {
  const terms = readTerms(readFileSync(join(root, 'docs/content/docs/glossary.md'), 'utf8'));
  return ({ fileURL }: PluginFactoryContext): MdastPluginDefinition | undefined =>
    fileURL && findPatternId(relative(root, fileURLToPath(fileURL)))
      ? linkFirstUses(terms)
      : undefined;
}

/** The terms of the last section: those before it are words of this library. */
function readTerms(glossary: string): string[] {
  const [, field = ''] = glossary.split(/^## Words of the field$/m);
  return [...field.matchAll(/^### (.+)$/gm)].map(([, term = '']) => term);
}

/** Links the first use of each term on one page. */
export function linkFirstUses(terms: string[]): MdastPluginDefinition {
  const unseen = new Set(terms.map((term) => term.toLowerCase()));
  // The longer first: a fencing token is more than a token.
  const words = [...unseen].sort((a, b) => b.length - a.length).join('|');
  const use = new RegExp(`(?<![\\w-])(${words})s?(?![\\w-])`, 'gi');
  return {
    name: 'glossary-links',
    text(node, context) {
      if (context.parent(node).type === 'paragraph') {
        const parts = linkTerms(node.value);
        if (parts.length > 1) context.replaceNode(node, parts);
      }
    },
  };

  function linkTerms(text: string): (Text | Link)[] {
    const parts: (Text | Link)[] = [];
    let end = 0;
    for (const { 0: value, 1: word = '', index } of text.matchAll(use)) {
      if (!unseen.delete(word.toLowerCase())) continue;
      const url = `/glossary/#${word.toLowerCase().replaceAll(' ', '-')}`;
      parts.push({ type: 'text', value: text.slice(end, index) });
      parts.push({ type: 'link', url, children: [{ type: 'text', value }] });
      end = index + value.length;
    }
    return [...parts, { type: 'text', value: text.slice(end) }];
  }
}
