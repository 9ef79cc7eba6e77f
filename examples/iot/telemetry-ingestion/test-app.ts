import { listen } from '@touchstone/kit/app/http';
import { createClient } from '@touchstone/kit/testing/client';
import { createApp } from './app.ts';
import { createSecrets } from './secrets.ts';
import { startTestSite } from './test-site.ts';

/** The app on a socket, and the site that it is about. */
export async function startTestApp() {
  await using stack = new AsyncDisposableStack();
  const site = stack.use(await startTestSite());
  const { OPERATOR_TOKEN: operatorToken } = createSecrets();
  const app = createApp({ ...site, operatorToken, log: console });
  const { url } = stack.use(await listen(app));
  const owned = stack.move();
  const sendAs = (token: string) =>
    createClient(url, { authorization: `Bearer ${token}` });
  return {
    site,
    send: sendAs(operatorToken),
    sendAs,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
