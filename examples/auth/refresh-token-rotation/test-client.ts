import {
  type Answer,
  createClient,
} from '@touchstone/kit/testing/client';
import { PASSWORD } from './authenticate.ts';

const ADA = { email: 'ada@example.com', password: PASSWORD };

/** Speaks to the app as Ada does, in a browser that keeps nothing. */
export function createAda(url: string) {
  const send = createClient(url);

  function sendWithCookie(method: string, path: string, token: string) {
    const headers = { cookie: `theme=dark; __Host-refresh=${token}` };
    return send(method, path, { headers });
  }

  function sendWithToken(method: string, path: string, token: string) {
    const headers = { authorization: `Bearer ${token}` };
    return send(method, path, { headers });
  }

  return {
    send,
    login: async () =>
      readSession(await send('POST', '/sessions', { body: ADA })),
    refresh: (token: string) =>
      sendWithCookie('POST', '/sessions/refresh', token),
    logout: (token: string) =>
      sendWithCookie('DELETE', '/sessions/current', token),
    me: (accessToken: string) =>
      sendWithToken('GET', '/me', accessToken),
    logoutEverywhere: (accessToken: string) =>
      sendWithToken('DELETE', '/sessions', accessToken),
  };
}

/** The tokens of an answer that must be a success. */
export function readSession({ status, headers, body }: Answer) {
  const [cookie = ''] = headers.getSetCookie();
  const [, refreshToken] =
    /^__Host-refresh=([^;]+);/.exec(cookie) ?? [];
  const { accessToken } = body;
  if (!accessToken || !refreshToken)
    throw new Error(`no tokens, but ${status} ${JSON.stringify(body)}`);
  return { accessToken, refreshToken };
}
