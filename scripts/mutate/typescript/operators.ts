import { ARITHMETIC } from './arithmetic.ts';
import { CALLS } from './calls.ts';
import { COLLECTIONS } from './collections.ts';
import { CONDITIONS } from './conditions.ts';
import { LITERALS } from './literals.ts';
import { NUMBERS } from './numbers.ts';
import type { Operator } from './operator.ts';
import { PROMISES } from './promises.ts';
import { REGULAR_EXPRESSIONS } from './regular-expressions.ts';
import { STATEMENTS } from './statements.ts';

/** All ways to change TypeScript. Of two that make the same text, the first counts. */
export const TYPESCRIPT_OPERATORS: Operator[] = [
  ...CONDITIONS,
  ...STATEMENTS,
  ...PROMISES,
  ...CALLS,
  ...NUMBERS,
  ...ARITHMETIC,
  ...LITERALS,
  ...COLLECTIONS,
  ...REGULAR_EXPRESSIONS,
];
