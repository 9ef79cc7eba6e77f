import { stemmer } from 'stemmer';
import { SYNONYMS } from './synonyms.ts';

/** A pasted stack trace may be long; what it is about stands at its head. */
const MAX_QUERY = 2_000;

/** Words that say nothing about a problem. */
const STOP_WORDS = new Set(
  `a about after again all also am an and any anybody anyone are as at be because been before being but by can could did
   do does doing done down each else even ever every for from further get gets getting got had has have having he her
   here hers him his how however i if in into is it its itself just let like may me might more most much must my no
   nobody nor not of off on once one only onto or other our ours out over own per same shall she should since so some
   somebody someone something sometimes such than that the their them then there these they thing this those though
   through to too under until up upon us very via was we well were what when where whether which while who whom whose
   why will with within without would yes yet you your yours don doesn didn isn aren wasn weren couldn shouldn wouldn
   won hasn haven hadn ll ve re`.split(/\s+/),
);

/** What differs each time that a message is printed. */
const NOISE = [
  /^\s*at .*[:(/].*$/gm, // a frame of a stack
  /\bhttps?:\/\/\S+/g,
  /\b[0-9a-f]{8}-[0-9a-f-]{27}\b/gi, // a UUID
  /\d{4}[-/]\d\d[-/]\d\d(?:[T ][\d:.,]+Z?)?/g, // a date, or a date and time
  /\d+(?:[.:,]\d+)+/g, // a time, a decimal number, an address
  /(?:[\w@.-]*\/)+[\w@-][\w@.-]*\.\w+/g, // the path of a file
];

/** `snake_case`, `camelCase` and `HTTPServer` come apart here. */
const PARTS = /_+|(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})/;

/** The words of a page's text as stems. An identifier gives itself and its parts. */
export function readWords(text: string): string[] {
  return splitWords(text).flatMap(({ whole, parts }) => [whole, ...parts]);
}

/**
 * The words of a query as stems, and how often each stands there. Of an identifier that no page
 * has, only the parts count that a page has: the rest is the asker's own name for something.
 */
export function readQueryWords(
  query: string,
  isKnown: (word: string) => boolean,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { whole, parts } of splitWords(removeNoise(query.slice(0, MAX_QUERY)))) {
    const named = parts.length > 0 || /\d/.test(whole);
    const words = isKnown(whole) || !named ? [whole] : parts.filter(isKnown);
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

const removeNoise = (query: string): string =>
  NOISE.reduce((text, pattern) => text.replace(pattern, ' '), query);

type Word = { whole: string; parts: string[] };

function splitWords(text: string): Word[] {
  return [...text.matchAll(/[\p{L}\p{N}_]+(?=(['’]\p{L}+)?)/gu)].flatMap(([word]) => {
    const parts = word.split(PARTS).filter(saysSomething).map(toStem);
    if (!saysSomething(word)) return [];
    return [{ whole: toStem(word), parts: parts.length > 1 ? parts : [] }];
  });
}

/** Numbers do when they are codes or ports, such as 502 or 23505. */
function saysSomething(word: string): boolean {
  if (word.length < 2 || STOP_WORDS.has(word.toLowerCase())) return false;
  return !/^[\d_]+$/.test(word) || /^\d{3,5}$/.test(word);
}

function toStem(word: string): string {
  const stem = stemmer(word.toLowerCase());
  return SYNONYMS.get(stem) ?? stem;
}
