import { listen } from '@touchstone/kit/app/http';
import { startHealth } from '../../observability/health-checks-and-graceful-shutdown/health.ts';
import { createApp } from './app.ts';
import { createAda } from './test-client.ts';
import { type Options, openTestStore } from './test-stores.ts';

export const ORIGIN = 'https://shop.example.com';

/** Two instances of the app with one store, and Ada who uses both. */
export async function startTestApp(options: Options) {
  const stack = new AsyncDisposableStack();
  const store = stack.use(await openTestStore(options));
  const { pool, sessions, log } = store;

  async function startInstance() {
    const health = startHealth({ log, everyMs: 10, timeoutMs: 3000 });
    stack.defer(() => health.drain());
    health.watch('sessions', () => sessions.read(''));
    health.finishStart();
    const app = createApp({
      sessions,
      pool,
      origin: ORIGIN,
      health,
      log,
    });
    return createAda(stack.use(await listen(app)).url);
  }

  return {
    ...store,
    ...(await startInstance()),
    other: await startInstance(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
