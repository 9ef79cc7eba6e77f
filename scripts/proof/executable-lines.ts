import { tokenizer } from 'acorn';
import { blankTypes } from '../pattern/blank-types.ts';
import type { Span } from './executed.ts';

/** By line, from 1: the spans of what a machine executes there. Types, comments and punctuation are none. */
export type ExecutableLines = Map<number, Span[]>;

/** Finds the lines of a TypeScript file that can be executed. */
export function findExecutableLines(source: string): ExecutableLines {
  const code = blankTypes(source);
  const starts = findLineStarts(source);
  const lines: ExecutableLines = new Map();
  for (const { type, start, end } of tokenizer(code, {
    ecmaVersion: 'latest',
    sourceType: 'module',
  })) {
    if (isPunctuation(type.label)) continue;
    for (const [line, span] of splitByLine([start, end], starts)) {
      if (code.slice(...span).trim() !== '') lines.set(line, [...(lines.get(line) ?? []), span]);
    }
  }
  return lines;
}

const PUNCTUATION = new Set([
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  ',',
  ';',
  ':',
  '.',
  '=>',
  '`',
  '${',
  '...',
]);

function isPunctuation(label: string): boolean {
  return PUNCTUATION.has(label);
}

function findLineStarts(source: string): number[] {
  const starts = [0];
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1))
    starts.push(at + 1);
  return starts;
}

/** A template literal is one token of many lines. */
function* splitByLine([start, end]: Span, starts: number[]): Generator<[number, Span]> {
  let line = findLine(starts, start);
  while (start < end) {
    const next = Math.min(end, starts[line] ?? end);
    yield [line, [start, next]];
    start = next;
    line += 1;
  }
}

/** The line, from 1, that holds the offset. */
function findLine(starts: number[], offset: number): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}
