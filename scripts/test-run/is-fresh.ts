import { parseProof } from '../engine/records.ts';
import { openKeys } from '../pattern/keys.ts';
import { readPatternFiles } from '../pattern/read-pattern-files.ts';

/** Tells of each pattern whether its committed proof is of what its example is now. */
export function openFreshness(root: string): (id: string) => boolean {
  const readKeys = openKeys(root);
  return function isFresh(id) {
    const { page, example } = readPatternFiles(root, id);
    if (example?.proof === undefined) return false;
    const { key } = readKeys({ id, sources: example.sources, page }).proof;
    return parseProof(example.proof).value?.key === key;
  };
}
