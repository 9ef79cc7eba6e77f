// #region context-words
/** Characters, and below them the letters that they stand for. A small
 *  letter counts only within a name: elsewhere it is decoration. */
const SEEN = '01!|34@5$7+LØŁĐ';
const READ = 'oiiieaassttIOID';

/** What is left must be as long as a short password of letters, or as
 *  a long one of digits and symbols; one repeated counts once. */
const LEAST = { letters: 8, symbols: 15 };

/** Whether it is little more than these words, and decoration. */
export function isMadeOf(
  password: string,
  words: readonly string[],
): boolean {
  const symbols = [...password.matchAll(/([^\p{L}\p{M}])\1*/gu)];
  // Digits alone spell a short name by chance.
  if (!/\p{L}/u.test(password) || symbols.length >= LEAST.symbols)
    return false;
  const letters = fold(password);
  const rest = words
    .flatMap(listNames)
    .toSorted((a, b) => b.length - a.length)
    .map((name) => new RegExp(name, 'giu'))
    .reduce((left, name) => left.replaceAll(name, ''), letters);
  return rest !== letters && countLetters(rest) < LEAST.letters;
}

/** A word, its parts, and these without their digits: `smith42`. */
function listNames(word: unknown): string[] {
  if (typeof word !== 'string') return [];
  const bare = word.replaceAll(/\p{M}/gu, '');
  const parts = bare.split(/[^\p{L}\p{N}'’!$]+/u);
  return [bare, ...parts, ...bare.split(/\P{L}+/u)]
    .map(fold)
    .filter((name) => countLetters(name) >= 3);
}

/** `L0velacé-1815` becomes IoVEIACEiis: letters only, all alike. */
function fold(text: string): string {
  // Down and up: ς is Σ, and both forms of ß are SS.
  return [...text.normalize('NFKD').toLowerCase().toUpperCase()]
    .map((one) => READ[SEEN.indexOf(one)] ?? one)
    .join('')
    .replaceAll(/\P{L}/gu, '');
}

/** A Chinese or Japanese letter says as much as two others. */
function countLetters(folded: string): number {
  const dense = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/gu;
  const letters = folded.replaceAll(/[a-z]/g, '');
  return [...letters.replaceAll(dense, 'XX')].length;
}
// #endregion context-words
