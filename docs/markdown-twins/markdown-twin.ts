import type { PatternFrontmatter } from '../../scripts/page/frontmatter.ts';
import { cleanBody, nameNeeds, writeChoice, writeItems } from '../../scripts/page/machine-text.ts';
import { resolveSiteLink } from '../markdown-plugins/repository-links.ts';
import type { Neighbours } from '../patterns/relations.ts';

type Page = { path: string; title: string; summary: string; body: string };

/** A page of the site as Markdown that is complete without the site. */
export function writeTwin({ path, title, summary, body }: Page, facts: string[] = []): string {
  const parts = [
    `# ${title}`,
    `> ${summary}`,
    ...facts,
    linkOutside(path, cleanBody(body, { diagrams: true })),
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

/** What a reader chooses a pattern by: it is in the frontmatter, not in the body. */
export function writeFacts(data: PatternFrontmatter): string[] {
  return [`Level ${data.level} of 4. Needs: ${nameNeeds(data.needs)}.`, ...writeChoice(data)];
}

/** What it builds on and what builds on it, each with a link to its twin. */
export function writeNeighbours(
  { buildsOn, usedBy }: Neighbours,
  titles: ReadonlyMap<string, string>,
): string[] {
  const link = (id: string) => `[${titles.get(id) ?? id}](/patterns/${id}.md)`;
  return [
    ...(buildsOn.length > 0 ? [`Builds on:\n${writeItems(buildsOn.map(link))}`] : []),
    ...(usedBy.length > 0 ? [`Used by:\n${writeItems(usedBy.map(link))}`] : []),
  ];
}

/** With links that work outside the repository; one that leads to no file on the web becomes its text. */
export const linkOutside = (path: string, body: string, repository?: string): string =>
  body.replace(RELATIVE_LINK, (_, text: string, url: string) => {
    const address = resolveSiteLink(path, url, repository);
    return address === undefined ? text : `[${text}](${nameTwin(address)})`;
  });

/** A link to a file beside or above; its text may hold pairs of brackets. */
const RELATIVE_LINK = /\[((?:[^[\]]|\[[^[\]]*\])*)\]\((\.\.?\/[^)\s]+)\)/g;

/** The address of the twin of a page of the site: `/guides/x/#y` becomes `/guides/x.md#y`; any other stays. */
export function nameTwin(address: string): string {
  return address.replace(/^(\/[^#?]+)\/(?=$|[#?])/, '$1.md');
}
