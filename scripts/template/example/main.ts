import { runExample } from '@touchstone/kit/app/run-example';
import { createApp } from './app.ts';
import { createExampleSlug } from './example-slug.ts';

await runExample(import.meta, ({ pool }) => ({
  app: createApp({
    counters: createExampleSlug({ pool }),
    log: console,
  }),
  commands: (url) => [`curl -X POST ${url}/counters/visits`],
}));
