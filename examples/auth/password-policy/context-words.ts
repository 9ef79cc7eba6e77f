// #region context-words
/** Characters and the letters that they stand for, one below the other. */
const STAND_INS = '01l!|34@5$7+';
const LETTERS = 'oiiiieaasstt';

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
    .map((one) => LETTERS[STAND_INS.indexOf(one)] ?? one)
    .join('')
    .replaceAll(/\P{L}/gu, '');
}
// #endregion context-words
