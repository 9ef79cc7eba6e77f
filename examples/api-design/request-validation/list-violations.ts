import type { z } from 'zod';
import type { Violation } from '../error-handling/http-problem.ts';
import { toPointer } from './to-pointer.ts';

type Part = NonNullable<Violation['in']>;
type Issue = z.core.$ZodIssue;

const MOST = 20;
const SHORTEST_SECRET = 4;

// #region list-violations
/** All that is wrong, at most 20, without the values that are there. */
export function listViolations(
  issues: readonly Issue[],
  input: Partial<Record<Part, unknown>>,
): Violation[] {
  return issues
    .flatMap((issue) => toViolations(issue, input))
    .slice(0, MOST);
}

function toViolations(
  issue: Issue,
  input: Partial<Record<Part, unknown>>,
): Violation[] {
  const part = PARTS.find((name) => name === issue.path[0]) ?? 'body';
  const path = issue.path.slice(1);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      in: part,
      pointer: toPointer([...path, key]),
      detail: 'Unknown key',
    }));
  // A message of your own may quote its input.
  const quotes = isQuoted(readAt(input, issue.path), issue.message);
  const detail = quotes ? 'Not valid' : issue.message;
  return [{ in: part, pointer: toPointer(path), detail }];
}

function readAt(value: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner
        ? Reflect.get(inner, step)
        : undefined,
    value,
  );
}

function isQuoted(value: unknown, message: string): boolean {
  if (typeof value === 'string')
    return value.length >= SHORTEST_SECRET && message.includes(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((inner) => isQuoted(inner, message));
}
// #endregion list-violations

const PARTS: Part[] = ['params', 'query', 'headers'];
