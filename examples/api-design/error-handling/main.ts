import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { z } from 'zod';
import { readEnvironment } from '../../architecture/typed-configuration/environment.ts';
import { port } from '../../architecture/typed-configuration/fields.ts';
import { createLog } from '../../observability/structured-logging/create-log.ts';
import { createApp } from './app.ts';
import { endOnCrash } from './end-on-crash.ts';

const environmentSchema = z.object({
  PORT: port().default(3000),
});

await runMain(async (stopped) => {
  const settings = readEnvironment(environmentSchema);
  const log = createLog();
  await using server = await listen(createApp({ log }), {
    port: settings.PORT,
  });
  endOnCrash({ log, stop: () => server[Symbol.asyncDispose]() });
  console.log(`listening on ${server.url}`);
  console.log(`try: curl -i ${server.url}/nowhere`);
  await stopped;
});
