import type { Heading, Root, RootContent } from 'mdast';
import { toString as textOf } from 'mdast-util-to-string';
import type { Finding, FindingCode } from '../engine/findings.ts';
import { lineOf } from '../engine/markdown.ts';
import type { PageResult } from '../engine/page.ts';
import { hintAt, shorten } from '../text/hints.ts';
import { type Demands, SECTIONS } from './levels.ts';

/** A page and what the engine found in it. */
export type StructureInput = {
  file: string;
  text: string;
  built: Pick<PageResult, 'page' | 'blocks' | 'proof' | 'shown'>;
  hasBench: boolean;
  id: string;
  demands: Demands;
  /** Whether the repository has that file or folder. */
  exists: (path: string) => boolean;
};

/** A heading of the second rank and what stands under it. */
export type Section = { title: string; line: number; nodes: RootContent[] };
/** What the checks of one page share. */
export type Check = StructureInput & { sections: Section[]; findings: Finding[] };

type Fault = { line: number; column?: number; message: string; fix: string; hint?: string };

/** Adds a finding on the page. */
export function reportSection(
  { findings, file }: Check,
  code: FindingCode,
  { column = 1, ...fault }: Fault,
): void {
  findings.push({ code, file, column, ...fault });
}

/** The sections of a page, in their order. */
export function splitSections({ children }: Root): Section[] {
  const sections: Section[] = [];
  for (const node of children) {
    if (isSectionHeading(node))
      sections.push({ title: textOf(node), line: lineOf(node), nodes: [] });
    else sections.at(-1)?.nodes.push(node);
  }
  return sections;
}

const isSectionHeading = (node: RootContent): node is Heading =>
  node.type === 'heading' && node.depth === 2;

/** The section of that title, if the page has it. */
export const findSection = ({ sections }: Check, title: string): Section | undefined =>
  sections.find((section) => section.title === title);

/** Checks that the sections are those of a page, each once, in their order, and all that are demanded. */
export function checkSections(check: Check): void {
  const { sections, demands } = check;
  let last = -1;
  const seen = new Set<string>();
  for (const { title, line } of sections) {
    const place = SECTIONS.indexOf(title);
    if (place === -1) reportUnknown(check, title, line);
    else if (seen.has(title)) {
      const fix = 'make one section of the two';
      reportSection(check, 'heading-twice', {
        line,
        message: `the page has "${title}" already`,
        fix,
      });
    } else if (place < last) {
      const message = `"${title}" comes after "${SECTIONS[last]}"`;
      reportSection(check, 'heading-order', {
        line,
        message,
        fix: `the order is ${SECTIONS.join(', ')}`,
      });
    }
    seen.add(title);
    last = Math.max(last, place);
  }
  for (const title of SECTIONS) {
    if (seen.has(title) || demands.optional.includes(title)) continue;
    const message = `the page has no section "${title}"`;
    reportSection(check, 'heading-missing', {
      line: 1,
      message,
      fix: `write \`## ${title}\` and what it is for`,
    });
  }
}

function reportUnknown(check: Check, title: string, line: number): void {
  const message = `a page has no section "${shorten(title)}"`;
  const fix = `the sections are ${SECTIONS.join(', ')}`;
  reportSection(check, 'heading-unknown', { line, message, fix, ...hintAt(title, SECTIONS) });
}
