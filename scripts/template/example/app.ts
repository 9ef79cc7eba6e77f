import express from 'express';
import { z } from 'zod';
import { answerErrors, answerNotFound } from '../../api-design/error-handling/answer-errors.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import type { createExampleSlug } from './example-slug.ts';

type Services = {
  counters: ReturnType<typeof createExampleSlug>;
  log: { error: (message: string, details: object) => void };
};

const parameters = z.object({ name: z.string().max(40) });

/** Counts over HTTP. */
export function createApp({ counters, log }: Services) {
  const app = express().disable('x-powered-by');

  app.post('/counters/:name', async (request, response) => {
    const { name } = parameters.parse(request.params);
    response.json({ name, value: await counters.count(name) });
  });

  app.use(answerNotFound, answerErrors(log, translateZodError));
  return app;
}
