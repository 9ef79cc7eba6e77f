import type { z } from 'zod';
import type { Violation } from '../error-handling/http-problem.ts';

const PARTS = ['params', 'query', 'headers'] as const;
const MOST_CHARACTERS = 200;
const SHORTEST_SECRET = 4;

/** How many violations an answer lists. */
export const MOST_VIOLATIONS = 20;

// #region list-violations
/** What is wrong, at most 20; needs issues with `reportInput`. */
export function listViolations(
  issues: readonly z.core.$ZodIssue[],
): Violation[] {
  // A body may hold 50,000 faults: only those listed cost time.
  return issues
    .slice(0, MOST_VIOLATIONS)
    .flatMap(toViolations)
    .slice(0, MOST_VIOLATIONS);
}

function toViolations(issue: z.core.$ZodIssue): Violation[] {
  const [first, ...path] = issue.path;
  const part = PARTS.find((name) => name === first) ?? 'body';
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      in: part,
      pointer: toPointer([...path, key]),
      detail: 'Unknown key',
    }));
  // A message of your own may quote its input.
  const { input, message } = issue;
  const detail = isQuoted(input, message) ? 'Not valid' : message;
  return [{ in: part, pointer: toPointer(path), detail }];
}

function isQuoted(value: unknown, message: string): boolean {
  if (typeof value === 'string')
    return (
      value.length >= SHORTEST_SECRET &&
      (message.includes(value) ||
        message.includes(JSON.stringify(value)))
    );
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((inner) => isQuoted(inner, message));
}
// #endregion list-violations

// #region to-pointer
/** RFC 6901; of a path that is too long, the part that fits. */
export function toPointer(path: readonly PropertyKey[]): string {
  let pointer = '';
  for (const step of path) {
    // Cut first: to escape a key of 50,000 tildes takes a millisecond.
    const name = String(step).slice(0, MOST_CHARACTERS);
    const safe = name.replaceAll('~', '~0').replaceAll('/', '~1');
    const next = `${pointer}/${safe}`;
    if (next.length > MOST_CHARACTERS) return pointer;
    pointer = next;
  }
  return pointer;
}
// #endregion to-pointer
