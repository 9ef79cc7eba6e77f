import { randomBytes } from 'node:crypto';
import { listen } from '@touchstone/kit/app/http';
import { createTestLog } from '@touchstone/kit/testing/log';
import { createApp } from './app.ts';
import { createPredictionIds } from './prediction-ids.ts';
import { createModelClient } from './test-model-client.ts';
import { never, startProcess } from './test-process.ts';

/** The secret of all test apps. */
export const SECRET = randomBytes(32).toString('base64url');

type TestAppOptions = {
  process?: ReturnType<typeof startProcess>;
  createDeadline?: () => AbortSignal;
};

/** The app on a socket, with the model that all tests share. */
export async function startTestApp(options: TestAppOptions = {}) {
  const { process = startProcess(), createDeadline = never } = options;
  const { monitor, registry, watched } = process;
  const server = await listen(
    createApp({
      models: { current: () => watched },
      monitor,
      ids: createPredictionIds({ secret: SECRET, remembered: 100 }),
      registry,
      createDeadline,
      log: createTestLog(),
    }),
  );
  return {
    ...createModelClient(server.url),
    url: server.url,
    registry,
    countSeries: async () =>
      (await registry.metrics()).match(/^\w+\{/gm)?.length,
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  };
}
