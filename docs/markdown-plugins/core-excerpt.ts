import { toString as textOf } from 'mdast-util-to-string';
import type { MdastPluginDefinition } from 'satteri';
import { parseCore } from '../../scripts/page/core.ts';
import { describeCount } from '../../scripts/text/describe-count.ts';
import { nameSnippet } from '../code-blocks/name-snippet.ts';

/** Shows the core of a pattern's code before its story: the page has the whole of it further down. */
export const coreExcerpt: MdastPluginDefinition = {
  name: 'core-excerpt',
  heading(heading, context) {
    const { core } = context.data.astro?.frontmatter ?? {};
    if (typeof core !== 'string' || textOf(heading) !== 'Problem') return;
    const { source, first, last } = parseCore(core);
    const { lang, lines } = findSnippet(context.source, source);
    const excerpt = lines.slice(first - 1, last);
    const meta = `source="${source}" excerpt="${first}"`;
    const rest = lines.length - excerpt.length;
    const more = `Show ${describeCount(rest, 'more line')}, and how to use it`;
    const words = rest > 0 ? more : 'How to use it';
    const link = `<p class="read-on"><a href="#${nameSnippet(source)}">${words}</a></p>`;
    context.insertBefore(heading, { type: 'code', lang, meta, value: outdent(excerpt) });
    context.insertBefore(heading, { type: 'html', value: link });
  },
};

const SNIPPET = /^```(\w+) [^\n]*?\bsource="([^"]+)"[^\n]*\n([\s\S]*?)\n```/gm;

function findSnippet(page: string, wanted: string): { lang: string; lines: string[] } {
  for (const [, lang = '', source, text = ''] of page.matchAll(SNIPPET))
    if (source === wanted) return { lang, lines: text.split('\n') };
  throw new Error(`the page shows no ${wanted}, which its field core names`);
}

/** What all lines begin with is of the code around them. */
function outdent(lines: string[]): string {
  const indents = lines.filter(Boolean).map((line) => line.search(/\S/));
  return lines.map((line) => line.slice(Math.min(...indents))).join('\n');
}
