import type { QueryToken } from './read-query.ts';

/** A part of a file: its text, and where it is. */
export type Part = { text: string; start: number; end: number };

/** One setting: a directive of nginx, a line, an entry of YAML. */
export type Setting = {
  name: string;
  /** All of it, a block included. */
  whole: Part;
  /** What goes when it is removed; undefined where its program would refuse the file at once. */
  removal: { start: number; end: number } | undefined;
  /** Its values, comments and blocks left out. */
  values: Part[];
};

/** What can be changed in a file of any kind. */
export type Configuration = {
  settings: Setting[];
  /** PromQL expressions, each as its tokens. */
  queries: QueryToken[][];
};

/** The part of a source between two offsets. */
export function cutPart(source: string, start: number, end: number): Part {
  return { text: source.slice(start, end), start, end };
}
