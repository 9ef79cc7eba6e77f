import {
  answerErrors,
  answerNotFound,
} from '@touchstone/kit/app/problems';
import express from 'express';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { createModelMonitor } from './model-monitor.ts';
import type { createPredictionIds } from './prediction-ids.ts';
import type { WatchedModel } from './watched-model.ts';

type Services = {
  model: WatchedModel;
  monitor: ReturnType<typeof createModelMonitor>;
  ids: ReturnType<typeof createPredictionIds>;
  registry: Registry;
  log: { error: (message: string, details: object) => void };
};

const truth = z.strictObject({
  id: z.string().max(300),
  label: z.string().min(1).max(100),
});

/** Predicts, takes the truth when it becomes known, and tells Prometheus what it counted. */
export function createApp(services: Services) {
  const { model, monitor, ids, registry, log } = services;
  const { version, inputs } = model.profile;
  const features = z.strictObject(
    mapValues(inputs, () => z.number().nullable()),
  );
  const app = express().disable('x-powered-by');
  app.use(express.json({ limit: '4kb' }));

  app.post('/predictions', async (request, response) => {
    const values = features.parse(request.body);
    const prediction = await model.predict(values);
    monitor.observe({ inputs: values, ...prediction });
    const id = ids.issue({ version, predicted: prediction.label });
    response.status(201).json({ id, version, ...prediction });
  });

  app.post('/truths', (request, response) => {
    const { id, label } = truth.parse(request.body);
    const predicted = ids.redeem(id);
    monitor.judge({ ...predicted, truth: label });
    response.status(204).end();
  });

  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });

  app.use(answerNotFound, answerErrors(log));
  return app;
}

function mapValues<T>(
  entries: object,
  toValue: () => T,
): Record<string, T> {
  const names = Object.keys(entries);
  return Object.fromEntries(names.map((name) => [name, toValue()]));
}
