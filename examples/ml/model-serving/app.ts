import express from 'express';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import { readJson } from '../../api-design/request-validation/read-json.ts';
import type { ModelPool } from './model-pool.ts';
import { untilEnd } from './request-end.ts';

type Services = {
  models: { current: () => ModelPool };
  /** A signal that ends a request's time: `AbortSignal.timeout`. */
  createDeadline: () => AbortSignal;
  log: Parameters<typeof answerErrors>[0];
};

const MOST_BYTES = 4096;

/** Predictions of one model, each within its deadline. */
export function createApp({ models, createDeadline, log }: Services) {
  const app = express().disable('x-powered-by');

  // #region wire
  app.post('/predictions', async (request, response) => {
    const predict = async (end: AbortSignal) => {
      const body = await readJson(request, MOST_BYTES);
      return await models.current().predict(body, end);
    };
    const deadline = createDeadline();
    const prediction = await untilEnd(response, deadline, predict);
    const { features, ...answer } = prediction;
    response.json(answer);
  });

  // The event loop is free: these answer while threads compute.
  app.get('/livez', (_request, response) => {
    response.send('ok');
  });
  app.get('/readyz', (_request, response) => {
    const { serving } = models.current().countWork();
    if (serving > 0) return void response.send('ok');
    const advice = 'No thread serves';
    throw new HttpProblem(503, 'not_ready', advice);
  });
  // #endregion wire

  app.get('/model', (_request, response) => {
    const { card, countWork } = models.current();
    const { name, version, features, labels } = card;
    const work = countWork();
    response.json({ name, version, features, labels, work });
  });

  app.use(answerNotFound, answerErrors(log, translateZodError));
  return app;
}
