/** What the API answered. */
export type Answer = { status: number; body: Record<string, string> };

const CREDENTIALS = {
  email: 'ada@example.com',
  password: 'correct horse battery',
};

/** Speaks to the app over HTTP, as the one user that tests and demo have. */
export function createClient(url: string) {
  async function send(
    method: string,
    path: string,
    options: SendOptions = {},
  ): Promise<Answer> {
    const { body, accessToken } = options;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(accessToken && { authorization: `Bearer ${accessToken}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text ? JSON.parse(text) : {},
    };
  }

  return {
    register: () => send('POST', '/users', { body: CREDENTIALS }),
    login: () =>
      send('POST', '/sessions', { body: CREDENTIALS }).then(readTokens),
    refresh: (refreshToken: string) =>
      send('POST', '/sessions/refresh', { body: { refreshToken } }),
    me: (accessToken: string) => send('GET', '/me', { accessToken }),
    logout: (accessToken: string) =>
      send('DELETE', '/sessions/current', { accessToken }),
    logoutEverywhere: (accessToken: string) =>
      send('DELETE', '/sessions', { accessToken }),
    send,
  };
}

type SendOptions = { body?: object; accessToken?: string };

/** The tokens of an answer that must be a success. */
export function readTokens({ status, body }: Answer) {
  const { accessToken, refreshToken } = body;
  if (!accessToken || !refreshToken)
    throw new Error(`no tokens, but ${status} ${JSON.stringify(body)}`);
  return { accessToken, refreshToken };
}
