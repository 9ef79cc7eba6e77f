import type { Nodes } from 'mdast';
import { toString as textOf } from 'mdast-util-to-string';
import { applyEdits, type Edit } from '../engine/edits.ts';
import { type Fence, scanPage } from '../engine/fences.ts';
import { endOf, listNodes, readMarkdown, startOf } from '../engine/markdown.ts';
import type { PatternFrontmatter } from './frontmatter.ts';

/** A part of a page under one heading of the second rank, as text. */
export type TextSection = { name: string; text: string };

/** A fence of code that comes from the example: its source, and the fence without the indent of a list. */
export type SourceFence = { source: string; text: string };

const MARKER = /^<!-- \/?generated:\w+ -->$/;

/** The body of a page without what only the site and the engine use; diagrams stay when they are asked for. */
export function cleanBody(body: string, { diagrams }: { diagrams: boolean }): string {
  const { tree, fences } = scanPage(body);
  const markers = listNodes(tree).filter(isMarker);
  return applyEdits(body, [
    ...markers.map((node) => removeLines(body, startOf(body, node), endOf(body, node))),
    ...fences.flatMap((fence) =>
      fence.info.lang === 'mermaid' && !diagrams
        ? removeLines(body, startOfLine(fence), endOfFence(body, fence))
        : removeVersus(fence),
    ),
  ]).trim();
}

/** The sections of a body, in order. */
export function listSections(body: string): TextSection[] {
  const headings = readMarkdown(body).children.filter(
    (node) => node.type === 'heading' && node.depth === 2,
  );
  return headings.map((heading, index) => {
    const next = headings[index + 1];
    const end = next === undefined ? body.length : startOf(body, next);
    return { name: textOf(heading), text: body.slice(endOf(body, heading), end).trim() };
  });
}

/** The fences of a text whose code comes from the example. */
export function listSourceFences(text: string): SourceFence[] {
  return scanPage(text).fences.flatMap((fence) => {
    const source = fence.info.words.find(({ key }) => key === 'source')?.value;
    return source === undefined ? [] : [{ source, text: cutFence(text, fence) }];
  });
}

/** The items of the numbered lists of a text. */
export function listInvariants(text: string): string {
  const lists = readMarkdown(text).children.filter((node) => node.type === 'list' && node.ordered);
  return lists.map((list) => text.slice(startOf(text, list), endOf(text, list))).join('\n');
}

/** What a reader chooses a pattern by: when to use it, and when to use what else. */
export function writeChoice({ useWhen, notWhen }: Choice): string[] {
  const others = notWhen.map(({ when, instead }) => `${when}. Instead: ${instead}`);
  return [`Use when:\n${writeItems(useWhen)}`, `Not when:\n${writeItems(others)}`];
}

type Choice = Pick<PatternFrontmatter, 'useWhen' | 'notWhen'>;

/** The services that a pattern needs, in words. */
export const nameNeeds = (needs: readonly string[]): string =>
  needs.join(', ') || 'nothing but Node';

/** Lines as a list of Markdown. */
export const writeItems = (lines: readonly string[]): string =>
  lines.map((line) => `- ${line}`).join('\n');

const isMarker = (node: Nodes): boolean => node.type === 'html' && MARKER.test(node.value.trim());

/** With the line endings behind them: what stood before keeps its own. */
function removeLines(text: string, start: number, end: number): Edit {
  const [endings = ''] = /^(?:\r?\n)*/.exec(text.slice(end)) ?? [];
  return { start, end: end + endings.length, text: '' };
}

/** `versus` names what the site shows beside the fence. */
const removeVersus = ({ info }: Fence): Edit[] =>
  info.words
    .filter(({ key }) => key === 'versus')
    .map(({ start, end }) => ({ start: info.start + start - 1, end: info.start + end, text: '' }));

const startOfFence = ({ info, marker }: Fence): number => info.start - marker.length;

const startOfLine = (fence: Fence): number => startOfFence(fence) - fence.column + 1;

function endOfFence(text: string, { end, closed }: Fence): number {
  const length = closed ? text.slice(end).search(/\r?\n|$/) : 0;
  return end + length;
}

function cutFence(text: string, fence: Fence): string {
  const { prefix } = fence;
  const lines = text.slice(startOfFence(fence), endOfFence(text, fence)).split('\n');
  return lines
    .map((line) => (line.startsWith(prefix) ? line.slice(prefix.length) : line))
    .join('\n');
}
