import { hashSources } from '../engine/hash.ts';
import { parseProof } from '../engine/records.ts';
import { readExample } from '../sources.ts';

/** Whether the committed proof of a pattern is of what its example is now. */
export function isFresh(root: string, id: string): boolean {
  const example = readExample(root, id);
  if (example?.proof === undefined) return false;
  return parseProof(example.proof).value?.hash === hashSources(example.sources);
}
