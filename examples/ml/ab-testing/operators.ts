import { createHash, timingSafeEqual } from 'node:crypto';

/** Names of operators, and the token of each. */
export type Operators = Record<string, string>;

/** The operator whose token this is. */
export function findOperator(
  operators: Operators,
  authorization = '',
): string | undefined {
  const [, token = ''] = /^Bearer (\S+)$/i.exec(authorization) ?? [];
  // All of them, each in constant time.
  const found = Object.entries(operators).filter(([, own]) =>
    timingSafeEqual(hash(own), hash(token)),
  );
  return found[0]?.[0];
}

function hash(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
