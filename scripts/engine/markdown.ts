import type { Nodes, Root } from 'mdast';
import { markdownToMdast } from 'satteri';

/**
 * What opens quotes and lists deeper than any page nests them, at the start of a line. The parser
 * takes four times as long for twice the depth, so such a line is read as text.
 */
const TOO_DEEP = /^(?:[ \t]*(?:>|[-*+][ \t]|\d{1,9}[.)][ \t])){100}/gm;

/** The syntax tree of a Markdown page; `startOf` and `endOf` say where a node is in the text. */
export function readMarkdown(text: string): Root {
  const tree = markdownToMdast(text.replaceAll(TOO_DEEP, (marks) => 'x'.repeat(marks.length)));
  if (tree.type === 'root') return tree;
  throw new TypeError(`the tree of a page is a root, not a ${tree.type}`);
}

/** The offset in the text at which a node begins. */
export const startOf = (text: string, { position }: Nodes): number =>
  markLength(text) + (position?.start.offset ?? 0);

/** The offset in the text after the last character of a node. */
export const endOf = (text: string, { position }: Nodes): number =>
  markLength(text) + (position?.end.offset ?? 0);

/** The parser does not count the byte order mark. */
const markLength = (text: string): number => (text.charCodeAt(0) === 0xfeff ? 1 : 0);

/** The line on which a node begins. */
export const lineOf = ({ position }: Nodes): number => position?.start.line ?? 1;

/** The node and all that it holds, in their order. */
export function listNodes(node: Nodes): Nodes[] {
  const nodes: Nodes[] = [];
  collect(node, nodes);
  return nodes;
}

function collect(node: Nodes, nodes: Nodes[]): void {
  nodes.push(node);
  if ('children' in node) for (const child of node.children) collect(child, nodes);
}
