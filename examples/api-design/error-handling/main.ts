import { readEnvironment } from '@touchstone/kit/app/environment';
import { listen } from '@touchstone/kit/app/http';
import { runMain } from '@touchstone/kit/app/main';
import { z } from 'zod';
import { createLog } from '../../observability/structured-logging/create-log.ts';
import { createApp } from './app.ts';
import { endOnCrash } from './end-on-crash.ts';

const environmentSchema = z.object({
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
});

await runMain(async (stopped) => {
  const { PORT: port } = readEnvironment(environmentSchema);
  const log = createLog();
  await using server = await listen(createApp({ log }), { port });
  endOnCrash({ log, stop: () => server[Symbol.asyncDispose]() });
  console.log(`listening on ${server.url}`);
  console.log(`try: curl -i ${server.url}/nowhere`);
  await stopped;
});
