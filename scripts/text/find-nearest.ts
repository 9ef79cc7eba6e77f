/** The candidates most like `word`, best first, at most `limit`; none that is too far to be meant. */
export function findNearest(word: string, candidates: Iterable<string>, limit = 1): string[] {
  return [...candidates]
    .map((candidate) => ({ candidate, distance: distanceBetween(word, candidate) }))
    .filter(({ distance }) => distance < 0.6)
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, limit)
    .map(({ candidate }) => candidate);
}

/** From 0 (equal, or one holds the other as a whole) to 1 (nothing in common). */
function distanceBetween(a: string, b: string): number {
  if (a === b) return 0;
  const containment = a.length > 2 && (b.includes(a) || a.includes(b)) ? 0.5 : 1;
  return (
    (containment * countEdits(a.toLowerCase(), b.toLowerCase())) / Math.max(a.length, b.length)
  );
}

/** Edits (insert, delete, replace, swap of neighbours) that turn one word into the other. */
export function countEdits(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let edits = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + cost,
      );
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        edits = Math.min(edits, at(beforeLast, column - 2) + 1);
      current.push(edits);
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, b.length);
}

const at = (row: number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;
