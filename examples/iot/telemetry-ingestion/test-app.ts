import { listen } from '@touchstone/kit/app/http';
import { createApp } from './app.ts';
import { createSecrets } from './secrets.ts';
import { startTestSite } from './test-site.ts';

/** The app on a socket, and the site behind it. */
export async function startTestApp() {
  await using stack = new AsyncDisposableStack();
  const site = stack.use(await startTestSite());
  const { OPERATOR_TOKEN: operatorToken } = createSecrets();
  const server = stack.use(
    await listen(createApp({ ...site, operatorToken, log: console })),
  );
  const owned = stack.move();

  async function send(method: string, path: string, body?: unknown) {
    return sendAs(operatorToken, method, path, body);
  }

  async function sendAs(
    token: string,
    method: string,
    path: string,
    body?: unknown,
  ) {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && {
          'content-type': 'application/json',
        }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text ? JSON.parse(text) : undefined,
    };
  }

  return {
    site,
    url: server.url,
    send,
    sendAs,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
