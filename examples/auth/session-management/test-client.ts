import {
  type Answer,
  createClient,
} from '@touchstone/kit/testing/client';
import { CODE, PASSWORD } from './authenticate.ts';

type Headers = Record<string, string>;

/** One of the sessions that `GET /sessions` lists. */
type Device = {
  id: string;
  device: string;
  usedAt: string;
  isThis: boolean;
};

/** Speaks to the app as Ada does, with a token of hers in the cookie. */
export function createAda(url: string) {
  const send = createClient(url);

  function sendWith<Body = Record<string, string>>(
    token: string,
    method: string,
    path: string,
    body?: unknown,
  ) {
    const headers = { cookie: `theme=dark; __Host-session=${token}` };
    return send<Body>(method, path, { headers, body });
  }

  /** Logs in, with the headers of a browser; the token. */
  async function login(headers: Headers = {}) {
    const answer = await send('POST', '/sessions', {
      headers: { 'user-agent': 'Firefox on Linux', ...headers },
      body: { email: 'ada@example.com', password: PASSWORD },
    });
    return readCookie(answer);
  }

  return {
    url,
    send,
    sendWith,
    login,
    listDevices: async (token: string) => {
      const path = '/sessions';
      return (await sendWith<Device[]>(token, 'GET', path)).body;
    },
    me: (token: string) => sendWith(token, 'GET', '/me'),
    sendCode: (token: string) =>
      sendWith(token, 'POST', '/sessions/current/factors', {
        code: CODE,
      }),
  };
}

/** The token that an answer gives to the browser; it must give one. */
export function readCookie({ status, headers, body }: Answer): string {
  const [cookie = ''] = headers.getSetCookie();
  const [, token] = /^__Host-session=([^;]+);/.exec(cookie) ?? [];
  if (token) return token;
  throw new Error(`no token, but ${status} ${JSON.stringify(body)}`);
}
