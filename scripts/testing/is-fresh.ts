import { parseProof } from '../engine/records.ts';
import { openKeys } from '../pattern/keys.ts';
import { readExample, readInside } from '../sources.ts';

/** Tells of each pattern whether its committed proof is of what its example is now. */
export function openFreshness(root: string): (id: string) => boolean {
  const readKeys = openKeys(root);
  return function isFresh(id) {
    const { proof, sources } = readExample(root, id) ?? {};
    if (proof === undefined || sources === undefined) return false;
    const page = readInside(root, `patterns/${id}.md`, []);
    return parseProof(proof).value?.key === readKeys({ id, sources, page }).proof.key;
  };
}
