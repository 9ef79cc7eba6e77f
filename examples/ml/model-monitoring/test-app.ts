import { listen } from '@touchstone/kit/app/http';
import { createApp } from './app.ts';
import { createPredictionIds } from './prediction-ids.ts';
import { createSecrets } from './secrets.ts';
import { createClient } from './test-client.ts';
import { model, startProcess } from './test-traffic.ts';

/** The app on a socket, with the model that all tests share. */
export async function startTestApp(
  secret = createSecrets().PREDICTION_SECRET,
) {
  const { registry, ...monitor } = startProcess(model);
  const ids = createPredictionIds({ secret });
  const server = await listen(
    createApp({ model, monitor, ids, registry, log: console }),
  );
  return {
    ...createClient(server.url),
    url: server.url,
    registry,
    observe: monitor.observe,
    countSeries: async () =>
      (await registry.metrics()).match(/^\w+\{/gm)?.length,
    [Symbol.asyncDispose]: server[Symbol.asyncDispose],
  };
}
