import type { PatternFrontmatter } from '../../scripts/page/frontmatter.ts';
import { resolveSiteLink } from '../markdown-plugins/repository-links.ts';
import type { Neighbours } from '../patterns/relations.ts';

type Page = { path: string; title: string; summary: string; body: string };

/** A page of the site as Markdown that is complete without the site. */
export function writeTwin({ path, title, summary, body }: Page, facts: string[] = []): string {
  const parts = [`# ${title}`, `> ${summary}`, ...facts, cleanBody(path, body)];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

/** What a reader chooses a pattern by: it is in the frontmatter, not in the body. */
export function writeFacts({ level, needs, useWhen, notWhen }: PatternFrontmatter): string[] {
  return [
    `Level ${level} of 4. Needs: ${needs.join(', ') || 'only Node'}.`,
    `**Use when**\n\n${writeList(useWhen)}`,
    `**Not when**\n\n${writeList(notWhen.map(({ when, instead }) => `${when}. Instead: ${instead}`))}`,
  ];
}

/** What it builds on and what builds on it, each with a link to its twin. */
export function writeNeighbours(
  { buildsOn, usedBy }: Neighbours,
  titles: ReadonlyMap<string, string>,
): string[] {
  const link = (id: string) => `[${titles.get(id) ?? id}](/patterns/${id}.md)`;
  return [
    ...(buildsOn.length > 0 ? [`**Builds on**\n\n${writeList(buildsOn.map(link))}`] : []),
    ...(usedBy.length > 0 ? [`**Used by**\n\n${writeList(usedBy.map(link))}`] : []),
  ];
}

const writeList = (lines: string[]): string => lines.map((line) => `- ${line}`).join('\n');

/** Without the markers of generated blocks and what only the site can draw; files on the web. */
function cleanBody(path: string, body: string): string {
  return body
    .replace(/^<!-- \/?generated:\w+ -->\n*/gm, '')
    .replace(/^(```\w+ .*?) versus="[^"]*"/gm, '$1')
    .replace(/^import .*;\n/gm, '')
    .replace(/^<[A-Z]\w* \/>\n+/gm, '')
    .replace(/(\]\()(\.\.?\/[^)\s]+)(\))/g, (_, open: string, url: string, close: string) =>
      [open, linkTwin(path, url), close].join(''),
    )
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function linkTwin(path: string, url: string): string {
  return nameTwin(resolveSiteLink(path, url));
}

/** The address of the twin of a page of the site: `/guides/x/#y` becomes `/guides/x.md#y`; any other stays. */
export function nameTwin(address: string): string {
  return address.replace(/^(\/[^#?]+)\/(?=$|[#?])/, '$1.md');
}
