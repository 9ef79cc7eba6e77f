import type ts from 'typescript';
import type { Mutant } from '../mutant.ts';

/** What an operator changes at one node. */
export type Change = Omit<Mutant, 'operator'>;

/** One way to change a program, asked at each node of a file. */
export type Operator = {
  name: string;
  /** One line for a person who reads the table of operators. */
  description: string;
  family: Family;
  mutate: (node: ts.Node) => Change[];
};

type Family =
  | 'conditions'
  | 'statements'
  | 'promises'
  | 'calls'
  | 'numbers'
  | 'arithmetic'
  | 'literals'
  | 'collections'
  | 'regular expressions';

type Span = { start: number; end: number };

/** Puts another text in place of a node. */
export function replaceNode(node: ts.Node, replacement: string, meaning?: string): Change {
  const span = { start: node.getStart(), end: node.end };
  return replaceSpan(
    span,
    replacement,
    meaning ?? describeReplacement(node.getText(), replacement),
  );
}

/** Puts another text in place of a span. */
export function replaceSpan(span: Span, replacement: string, meaning: string): Change {
  return { ...span, replacement, meaning };
}

/** Takes one item out of a list, and the comma that parted it from its neighbour. */
export function removeItem(list: ts.NodeArray<ts.Node>, index: number, meaning: string): Change[] {
  const item = list[index];
  if (item === undefined) return [];
  const next = list[index + 1];
  if (next !== undefined) {
    return [replaceSpan({ start: item.getStart(), end: next.getStart() }, '', meaning)];
  }
  // The list ends after its last comma.
  const start = list[index - 1]?.end ?? item.getStart();
  return [replaceSpan({ start, end: list.end }, '', meaning)];
}

/** "`a` became `b`". */
export function describeReplacement(before: string, after: string): string {
  return `${quote(before)} became ${quote(after)}`;
}

/** A text in backticks, on one line and at most 60 characters long. */
export function quote(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return `\`${line.length > 60 ? `${line.slice(0, 57)}...` : line}\``;
}
