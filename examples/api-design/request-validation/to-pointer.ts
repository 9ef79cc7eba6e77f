const MOST_CHARACTERS = 200;

// #region to-pointer
/** RFC 6901; of a path that is too long, the part that fits. */
export function toPointer(path: readonly PropertyKey[]): string {
  let pointer = '';
  for (const step of path) {
    const next = `${pointer}/${escapeStep(String(step))}`;
    if (next.length > MOST_CHARACTERS) return pointer;
    pointer = next;
  }
  return pointer;
}

function escapeStep(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1');
}
// #endregion to-pointer
