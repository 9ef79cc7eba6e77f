import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';

/** Lets only requests through that carry the token. */
export function requireOperator(token: string) {
  const expected = hash(`Bearer ${token}`);
  return function authorise(
    { headers }: IncomingMessage,
    _response: unknown,
    next: () => void,
  ): void {
    if (!timingSafeEqual(hash(`${headers.authorization}`), expected))
      throw new HttpProblem(401, 'no_operator', 'Send the token');
    next();
  };
}

const hash = (text: string) =>
  createHash('sha256').update(text).digest();
