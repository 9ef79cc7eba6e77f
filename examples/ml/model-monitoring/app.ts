import express from 'express';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import { readJson } from '../../api-design/request-validation/read-json.ts';
import type { ModelPool } from '../model-serving/model-pool.ts';
import { untilEnd } from '../model-serving/request-end.ts';
import type { createModelMonitor } from './model-monitor.ts';
import type { createPredictionIds } from './prediction-ids.ts';

type Services = {
  models: { current: () => Pick<ModelPool, 'card' | 'predict'> };
  monitor: ReturnType<typeof createModelMonitor>;
  ids: ReturnType<typeof createPredictionIds>;
  registry: Registry;
  createDeadline: () => AbortSignal;
  log: Parameters<typeof answerErrors>[0];
};

const MOST_BYTES = 4096;

const truthBody = z.strictObject({
  id: z.string().max(2000),
  label: z.string().min(1).max(100),
});

/** Predicts, takes the truth when it becomes known, and tells Prometheus what it counted. */
export function createApp(services: Services) {
  const { models, monitor, ids, registry, createDeadline } = services;
  const app = express().disable('x-powered-by');

  // #region wire
  app.post('/predictions', async (request, response) => {
    const predict = async (end: AbortSignal) => {
      const body = await readJson(request, MOST_BYTES);
      const { card, predict } = models.current();
      return { card, ...(await predict(body, end)) };
    };
    const deadline = createDeadline();
    const prediction = await untilEnd(response, deadline, predict);
    const { card, features, ...answer } = prediction;
    const predicted = monitor.describe(card, answer.label);
    response.status(201).json({ id: ids.issue(predicted), ...answer });
  });

  app.post('/truths', async (request, response) => {
    const body = await readJson(request, MOST_BYTES);
    const { id, label } = truthBody.parse(body);
    monitor.judge(ids.redeem(id), label);
    response.status(204).end();
  });

  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  // #endregion wire

  app.use(
    answerNotFound,
    answerErrors(services.log, translateZodError),
  );
  return app;
}
