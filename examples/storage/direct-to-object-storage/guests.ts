import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';

const COOKIE = '__Host-session';

/** Guests with a name of their choice, who are gone at a restart: replace them by your login. */
export function createGuests() {
  const names = new Map<string, string>();

  function open(name: string, response: Response) {
    const token = randomBytes(32).toString('base64url');
    names.set(token, name);
    // Out of reach of scripts, plain HTTP and other sites.
    response.cookie(COOKIE, token, {
      httpOnly: true,
      secure: true,
      sameSite: 'strict',
    });
  }

  /** Whose request it is; throws when it is nobody's. */
  function authenticate({ headers }: Request): string {
    const pattern = new RegExp(`(?:^|; )${COOKIE}=([\\w-]{43})(?:;|$)`);
    const token = pattern.exec(headers.cookie ?? '')?.[1];
    const name = names.get(`${token}`);
    if (name) return name;
    throw new HttpProblem(401, 'no_session', 'POST /sessions first');
  }

  return { open, authenticate };
}
