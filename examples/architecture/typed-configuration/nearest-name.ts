/** The name that a typo probably means, if one is near enough. */
export function nearestName(
  typo: string,
  names: Iterable<string>,
): string | undefined {
  const limit = Math.min(3, Math.ceil(typo.length / 4));
  const near = [...names]
    .map((name) => ({ name, distance: countEdits(typo, name) }))
    .filter(({ distance }) => distance <= limit)
    .toSorted((a, b) => a.distance - b.distance);
  return near[0]?.name;
}

/** How many characters must be changed, added or removed (Levenshtein). */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1];
    for (const [index, other] of [...to].entries()) {
      const replaced = (row[index] ?? 0) + (letter === other ? 0 : 1);
      const removed = (row[index + 1] ?? 0) + 1;
      const added = (next[index] ?? 0) + 1;
      next.push(Math.min(replaced, removed, added));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
