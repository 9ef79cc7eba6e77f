import express from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import type { createSiteChecks } from './site-checks.ts';

type Services = {
  sites: Pick<ReturnType<typeof createSiteChecks>, 'add' | 'list'>;
  check: () => Promise<void>;
  log: Parameters<typeof answerErrors>[0];
};

const parseSite = createRequestParser({
  body: z.strictObject({
    url: z.url({ protocol: /^https?$/ }).max(200),
  }),
});

/** For operators: a real one asks who they are. */
export function createApp({ sites, check, log }: Services) {
  const app = express().disable('x-powered-by');

  app.post('/sites', async (request, response) => {
    await sites.add((await parseSite(request)).body.url);
    response.status(204).end();
  });

  app.get('/sites', async (_request, response) => {
    response.json(await sites.list());
  });

  app.get('/health', async (_request, response) => {
    await check();
    response.status(204).end();
  });

  app.use(answerNotFound, answerErrors(log));
  return app;
}
