import { listen } from '@touchstone/kit/app/http';
import { createApp } from './app.ts';
import type { ModelPoolOptions } from './model-pool.ts';
import { createClient } from './test-client.ts';
import { never, startTestPool } from './test-pool.ts';

type TestAppOptions = Partial<ModelPoolOptions> & {
  createDeadline?: () => AbortSignal;
};

/** The app on a socket, with a pool of one thread whose rows can be told to misbehave. */
export async function startTestApp(options: TestAppOptions = {}) {
  const { createDeadline = never, ...limits } = options;
  const pool = await startTestPool(limits);
  const log = { error: console.error };
  const models = { current: () => pool };
  const server = await listen(
    createApp({ models, createDeadline, log }),
  );

  async function dispose() {
    pool.faults.open();
    await server[Symbol.asyncDispose]();
    await pool[Symbol.asyncDispose]();
  }
  return {
    ...createClient(server.url),
    url: server.url,
    pool,
    faults: pool.faults,
    [Symbol.asyncDispose]: dispose,
  };
}
