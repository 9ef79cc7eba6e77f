import {
  type Answer,
  createClient,
} from '@touchstone/kit/testing/client';
import { generateSync } from 'otplib';
import { PASSWORD } from './authenticate.ts';

export const ADA = 'ada@example.com';
export const BOB = 'bob@example.com';

/** An authenticator app: another library than that of the pattern. */
export function createPhone(secret: string, now: () => Date) {
  /** The code that it shows now, or so many steps later. */
  return (steps = 0): string => {
    const epoch = Math.floor(now().getTime() / 1000) + steps * 30;
    return generateSync({ secret, epoch });
  };
}

/** A code that is none of those of an hour. */
export function createWrongCode(phone: (steps: number) => string) {
  const near = Array.from({ length: 120 }, (_, step) =>
    phone(step - 60),
  );
  const isFree = (code: string) => !near.includes(code);
  const codes = ['000000', '111111', '222222', '333333', '444444'];
  return codes.find(isFree) ?? '555555';
}

/** Speaks to one instance, with the token of a session in the cookie. */
export function createShopper(url: string) {
  const send = createClient(url);

  function sendWith<Body = Record<string, string>>(
    token: string,
    method: string,
    path: string,
    body?: unknown,
  ) {
    const headers = { cookie: `__Host-session=${token}` };
    return send<Body>(method, path, { headers, body });
  }

  async function enterPassword(email = ADA) {
    return send('POST', '/sessions', {
      body: { email, password: PASSWORD },
    });
  }

  const finish = (ticket: string, code: unknown) =>
    send('POST', '/sessions/second-factor', { body: { ticket, code } });

  return {
    send,
    sendWith,
    enterPassword,
    finish,
    /** A session of a user without a second factor. */
    logIn: async (email = ADA) =>
      readCookie(await enterPassword(email)),
    /** What the password alone gives to a user with one. */
    getTicket: async (email = ADA) => {
      const { status, headers, body } = await enterPassword(email);
      if (status !== 202 || headers.getSetCookie().length > 0)
        throw new Error(`a session, and no ticket: ${status}`);
      return `${body.ticket}`;
    },
    begin: (token: string) => sendWith(token, 'POST', '/second-factor'),
    confirm: (token: string, body: { ticket: string; code: unknown }) =>
      sendWith<{ recoveryCodes: string[]; code: string }>(
        token,
        'PUT',
        '/second-factor',
        body,
      ),
    remove: (token: string) =>
      sendWith(token, 'DELETE', '/second-factor'),
    replaceCodes: (token: string) =>
      sendWith<{ recoveryCodes: string[]; code: string }>(
        token,
        'POST',
        '/second-factor/recovery-codes',
      ),
    prove: (token: string, body: object) =>
      sendWith(token, 'POST', '/sessions/current/proof', body),
    me: (token: string) => sendWith(token, 'GET', '/me'),
    pay: (token: string) => sendWith(token, 'POST', '/payouts'),
  };
}

/** The token that an answer gives to the browser; it must give one. */
export function readCookie({ status, headers, body }: Answer<object>) {
  const [cookie = ''] = headers.getSetCookie();
  const [, token] = /^__Host-session=([^;]+);/.exec(cookie) ?? [];
  if (token) return token;
  throw new Error(`no token, but ${status} ${JSON.stringify(body)}`);
}
