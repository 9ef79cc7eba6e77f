import { parseProof } from '../engine/records.ts';
import { readFrontmatter } from '../page/frontmatter.ts';
import { composePattern, type Pattern } from './compose-pattern.ts';
import { pagePath } from './ids.ts';
import { listPatternIds } from './list-pattern-ids.ts';
import { type PatternFiles, readPatternFiles } from './read-pattern-files.ts';

/** Every pattern that can be read, sorted by id; what keeps the others from it is for the check to report. */
export function readPatterns(root: string): Pattern[] {
  return listPatternIds(root).flatMap((id) => parsePattern(readPatternFiles(root, id)) ?? []);
}

/** Undefined while it has no example, or no page whose frontmatter is valid. */
function parsePattern({ id, page, example }: PatternFiles): Pattern | undefined {
  const { data } = page === undefined ? {} : readFrontmatter(pagePath(id), page);
  if (example === undefined || page === undefined || data === undefined) return undefined;
  const proof = example.proof === undefined ? undefined : parseProof(example.proof).value;
  return composePattern({ id, data, page, sources: example.sources, proof });
}
