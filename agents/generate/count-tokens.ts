import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT } from '../../scripts/files/root.ts';
import { writeAtomically } from '../../scripts/files/write-atomically.ts';

const require = createRequire(import.meta.url);
const FILE = join(ROOT, '.cache/tokens.json');
/** Beyond this, what the present run did not ask for is forgotten. */
const MOST = 10_000;

type Counts = Record<string, number>;

let known: Counts | undefined;
const asked: Counts = {};
let countAnew: ((text: string) => number) | undefined;
let isNew = false;

/**
 * The length of a text in o200k tokens; other tokenizers differ by some percent. Counts are kept
 * by the hash of their text: the tokenizer takes 200 ms to load, and most texts stay as they were.
 */
export function countTokens(text: string): number {
  const key = createHash('sha256').update(text).digest('base64url');
  known ??= readCounts();
  asked[key] ??= known[key] ?? countO200k(text);
  return asked[key];
}

/** Writes the counts of this run for the next one. */
export function keepCounts(): void {
  if (!isNew) return;
  const all = { ...known, ...asked };
  const kept = Object.keys(all).length > MOST ? asked : all;
  writeAtomically(FILE, JSON.stringify({ version: readVersion(), counts: kept }));
}

function countO200k(text: string): number {
  isNew = true;
  countAnew ??= loadTokenizer();
  return countAnew(text);
}

function loadTokenizer(): (text: string) => number {
  const { countTokens } = require('gpt-tokenizer/encoding/o200k_base') as {
    countTokens: (text: string) => number;
  };
  return countTokens;
}

/** Of another version of the tokenizer, or cut short by an end in the middle: counted again. */
function readCounts(): Counts {
  try {
    const { version, counts } = JSON.parse(readFileSync(FILE, 'utf8')) as {
      version: string;
      counts: Counts;
    };
    return version === readVersion() ? counts : {};
  } catch {
    return {};
  }
}

const readVersion = (): string =>
  (require('gpt-tokenizer/package.json') as { version: string }).version;
