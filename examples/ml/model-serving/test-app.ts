import { listen } from '@touchstone/kit/app/http';
import { createClient } from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import { createApp } from './app.ts';
import type { ModelPoolOptions } from './model-pool.ts';
import { FLOWER, never, startTestPool } from './test-pool.ts';

type TestAppOptions = Partial<ModelPoolOptions> & {
  createDeadline?: () => AbortSignal;
};

/** What the API answers. */
export type Body = {
  code?: string;
  label?: string;
  version?: string;
  work?: Record<string, number>;
};

/** The app on a socket, with a pool of one thread whose rows can misbehave. */
export async function startTestApp(options: TestAppOptions = {}) {
  const { createDeadline = never, ...limits } = options;
  await using stack = new AsyncDisposableStack();
  const pool = stack.use(await startTestPool(limits));
  const models = { current: () => pool };
  const server = stack.use(
    await listen(
      createApp({ models, createDeadline, log: createTestLog() }),
    ),
  );
  stack.defer(pool.faults.open); // what waits is answered first
  const all = stack.move();
  return {
    ...createFlowerClient(server.url),
    url: server.url,
    pool,
    faults: pool.faults,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Asks the app for flowers. */
export function createFlowerClient(url: string) {
  const send = createClient(url);

  /** Predicts for the flower, with some features changed. */
  async function predict(change: object = {}) {
    const body = { ...FLOWER, ...change };
    return send<Body>('POST', '/predictions', { body });
  }

  /** Sends the text as it is. */
  const predictText = (body: string, signal?: AbortSignal) =>
    fetch(`${url}/predictions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      ...(signal && { signal }),
    });

  const read = (path: string) => fetch(`${url}${path}`);
  const model = () => send<Body>('GET', '/model');
  return { predict, predictText, read, model };
}
