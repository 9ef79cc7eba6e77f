// #region context-words
/** Characters that stand for a letter: `1`, `l` and `!` all become i. */
const STAND_INS = new Map(
  ['o0', 'i1l!|', 'e3', 'a4@', 's5$', 't7+'].flatMap(
    ([letter = '', ...others]) =>
      others.map((other) => [other, letter] as const),
  ),
);

/** What is left of the letters has to be as long as a short password. */
const LEAST_REST = 8;

/** Whether it is little more than these words, and decoration. */
export function isMadeOf(
  password: string,
  words: readonly string[],
): boolean {
  const letters = fold(password);
  const rest = words
    .flatMap((word) => word.split(/[\s@._-]+/))
    .map(fold)
    .filter((part) => part.length >= 3)
    .toSorted((a, b) => b.length - a.length)
    .reduce((left, part) => left.replaceAll(part, ''), letters);
  return rest !== letters && rest.length < LEAST_REST;
}

/** `L0velacé-1815` becomes ioveiaceis: letters only, all alike. */
function fold(text: string): string {
  return [...text.normalize('NFKD').toLowerCase()]
    .map((character) => STAND_INS.get(character) ?? character)
    .join('')
    .replaceAll(/\P{L}/gu, '');
}
// #endregion context-words
