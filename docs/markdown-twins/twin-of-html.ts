import { h, select, selectAll, toText, visit } from '@astrojs/starlight/expressive-code/hast';
import type { fromHtml } from 'hast-util-from-html';
import { toMdast } from 'hast-util-to-mdast';
import { remark } from 'remark';
import remarkGfm from 'remark-gfm';
import { nameTwin } from './markdown-twin.ts';

type Element = ReturnType<typeof h>;

const writer = remark()
  .use(remarkGfm, { tablePipeAlign: false })
  .data('settings', { bullet: '-' })
  .freeze();

/** What only a browser can use, and what it is told a second time. */
const IDLE =
  'script, style, svg, form, button, noscript, nav, [hidden], .sr-only, .sl-anchor-link, .legend, .map-box';

/** A built page as Markdown: its title, its description and its content, whose tree is changed on the way. */
export function writeTwinOfHtml(page: ReturnType<typeof fromHtml>): string {
  const title = select('h1', page);
  const summary = select('meta[name=description]', page)?.properties.content;
  const content = select('.sl-markdown-content', page);
  if (!title || !content) throw new Error('a page without a title or without content');
  dropIdle(content);
  for (const block of selectAll('.expressive-code', content)) simplifyCode(block);
  for (const list of selectAll('dl', content)) simplifyTerms(list);
  for (const chart of selectAll('[role=img][aria-label]', content)) sayChart(chart);
  for (const summary of selectAll('summary:has(h2, h3)', content)) summary.tagName = 'div';
  for (const link of selectAll('a[href]', content))
    link.properties.href = nameTwin(`${link.properties.href}`);
  const body = writer.stringify(toMdast(content) as Parameters<typeof writer.stringify>[0]);
  return `# ${toText(title)}\n\n> ${summary}\n\n${body}`;
}

function dropIdle(content: Element): void {
  const idle = new Set<unknown>(selectAll(IDLE, content));
  visit(content, 'element', (element) => {
    element.children = element.children.filter((child) => !idle.has(child));
  });
}

/** The site draws a line of code as a row of boxes. */
function simplifyCode(block: Element): void {
  const language = select('pre', block)?.properties.dataLanguage;
  const lines = selectAll('.ec-line > .code', block).map((line) => toText(line));
  const code = h('code', { className: [`language-${language}`] }, lines.join('\n'));
  block.children = [h('pre', code)];
}

/** Markdown has no list of terms: each becomes `tests: 410`. */
function simplifyTerms(list: Element): void {
  list.tagName = 'ul';
  const details = selectAll('dd', list);
  list.children = selectAll('dt', list).map((term, index) =>
    h('li', [...term.children, ': ', ...(details[index]?.children ?? [])]),
  );
}

/** A chart as the list of numbers that it says in words. */
function sayChart(chart: Element): void {
  const [, text = ''] = /^Bar chart\. (.*)$/s.exec(`${chart.properties.ariaLabel}`) ?? [];
  chart.children = [
    h(
      'ul',
      text.split('; ').map((row) => h('li', row)),
    ),
  ];
}
