import { listen } from '@touchstone/kit/app/http';
import { createClient } from '@touchstone/kit/testing/client';
import { createApp } from './app.ts';
import { startTestStorage } from './test-storage.ts';

/** The app on a storage of its own, and a client of it. */
export async function startTestApp() {
  await using stack = new AsyncDisposableStack();
  const storage = stack.use(await startTestStorage());
  const server = stack.use(await listen(createApp(storage)));
  const owned = stack.move();
  return {
    ...storage,
    send: createClient(server.url),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
