import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toString as textOf } from 'mdast-util-to-string';
import type { MdastPluginDefinition } from 'satteri';
import { nameSnippet } from '../code-blocks/name-snippet.ts';
import { findPatternId } from '../patterns/find-pattern-id.ts';
import { readCore } from './read-core.ts';

/** Shows the core of a pattern's code before its story: the page has the whole of it further down. */
export function coreExcerpt(root: string): MdastPluginDefinition {
  return {
    name: 'core-excerpt',
    heading(heading, context) {
      if (!context.fileURL || textOf(heading) !== 'Problem') return;
      const path = fileURLToPath(context.fileURL);
      const core = findPatternId(relative(root, path)) && readCore(path);
      if (!core) return;
      const { source, lang, lines, length } = core;
      const meta = `source="${source}" excerpt="${lines.length}"`;
      const rest = length - lines.length;
      const words = rest > 0 ? `The other ${rest} lines, and how to use them` : 'How to use it';
      const link = `<p class="read-on"><a href="#${nameSnippet(source)}">${words}</a></p>`;
      context.insertBefore(heading, { type: 'code', lang, meta, value: lines.join('\n') });
      context.insertBefore(heading, { type: 'html', value: link });
    },
  };
}
