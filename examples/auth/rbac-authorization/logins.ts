import { randomBytes } from 'node:crypto';
import type { GuardOptions } from './guarded-routes.ts';

/** Stands for your sessions: who has which token. */
export function createLogins() {
  const users = new Map<string, string>();

  function logIn(userId: string): string {
    const token = randomBytes(32).toString('base64url');
    users.set(token, userId);
    return token;
  }

  const findUser: GuardOptions['findUser'] = (request) => {
    const [, token = ''] = `${request.headers.authorization}`.split(
      ' ',
    );
    return users.get(token);
  };

  return { logIn, findUser };
}
