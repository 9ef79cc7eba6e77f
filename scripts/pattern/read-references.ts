import { type Comment, tokenizer } from 'acorn';
import { blankTypes } from './blank-types.ts';
import { hashText } from './hash.ts';

/** What a file of code refers to, in the order in which it does. */
export type References = {
  /** The modules that it imports or resolves; `@scope/*` where the name is put together at run time. */
  imports: string[];
  /** Its other strings that can be the name of a file or of a folder. */
  names: string[];
};

/** What a file refers to, and the hash of its text without comments. */
export type Reading = References & { codeHash: string };

const CODE = /\.[cm]?[jt]s$/;
const FILE_NAME = /^\.{0,2}[\w-][\w./-]*$|^\.{1,2}\/[\w./-]+$/;
const SCOPE = /^@[\w.-]+\/$/;

/** By the hash of a text: within a run, a text that is read twice is parsed once. */
const known = new Map<string, Reading>();

/**
 * What a file refers to; nothing when it holds no code. Acorn's tokenizer finds the strings that
 * TypeScript finds, in 80 MB. `ts.preProcessFile` takes 150 MB, and finds imports alone.
 */
export function readReferences(path: string, text: string): Reading {
  const hash = hashText(text);
  if (!CODE.test(path)) return { imports: [], names: [], codeHash: hash };
  const reading = known.get(hash) ?? parseReferences(text);
  known.set(hash, reading);
  return reading;
}

type Found = { imports: Set<string>; names: Set<string>; comments: Comment[] };

/** A type can confuse the tokenizer, as the `!` of `total! / 2` does: it then reads on without types. */
function parseReferences(text: string): Reading {
  const found = collect(text) ?? collect(withoutTypes(text));
  if (found === undefined) return { imports: [], names: [], codeHash: hashText(text) };
  const codeHash = hashText(withoutComments(text, found.comments));
  // A part of a string keeps the whole of it in memory; a clone does not.
  return structuredClone({ imports: [...found.imports], names: [...found.names], codeHash });
}

/** Without its comments, the spaces before them, and the lines that they fill. */
function withoutComments(text: string, comments: Comment[]): string {
  const starts = [0, ...comments.map(({ end }) => end)];
  const parts = starts.map((start, index) => text.slice(start, comments[index]?.start));
  const endsLine = (index: number) => /^[ \t\r]*(?:\n|$)/.test(parts[index + 1] ?? '');
  return parts
    .map((part, index) => (endsLine(index) ? part.trimEnd() : part))
    .join('')
    .trim();
}

/** What Node cannot run refers to nothing. Once it is fixed, its own hash differs. */
function withoutTypes(text: string): string {
  try {
    return blankTypes(text);
  } catch {
    return '';
  }
}

/** What a text refers to; undefined when the tokenizer could not read it to its end. */
function collect(text: string): Found | undefined {
  const comments: Comment[] = [];
  const options = {
    ecmaVersion: 'latest',
    sourceType: 'module',
    allowHashBang: true,
    onComment: comments,
  } as const;
  const imports = new Set<string>();
  const names = new Set<string>();
  let [before, last] = ['', ''];
  try {
    for (const { type, start, end } of tokenizer(text, options)) {
      const word = text.slice(start, end);
      const name = type.label === 'string' ? word.slice(1, -1) : word;
      if (type.label === 'string' && isImported(before, last)) imports.add(name);
      else if (isText(type.label) && FILE_NAME.test(name)) names.add(name);
      if (type.label === '${' && SCOPE.test(last)) imports.add(`${last}*`);
      [before, last] = [last, word];
    }
    return { imports, names, comments };
  } catch {
    return undefined;
  }
}

const isText = (label: string): boolean => label === 'string' || label === 'template';

/** `from '…'`, `import '…'`, and the calls `import('…')`, `require('…')` and `….resolve('…')`. */
function isImported(before: string, last: string): boolean {
  if (last !== '(') return last === 'from' || last === 'import';
  return before === 'import' || before === 'require' || before === 'resolve';
}
