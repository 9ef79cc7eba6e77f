import express from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import { untilEnd } from '../model-serving/request-end.ts';
import type { ModelTrials } from './model-trials.ts';
import { requireOperator } from './require-operator.ts';

type Services = {
  trials: ModelTrials;
  /** A signal that ends a request's time: `AbortSignal.timeout`. */
  createDeadline: () => AbortSignal;
  operatorToken: string;
  log: Parameters<typeof answerErrors>[0];
};

const reason = z.string().min(1).max(500);
const trial = z.int().min(1);
const candidate = z.string().regex(/^[\w.-]{1,64}$/);
const share = z.number().gt(0).max(0.5);

const parsePrediction = createRequestParser({
  body: z.strictObject({
    // In your app, the user comes from the session.
    user: z.string().regex(/^[\w@.-]{1,100}$/),
    flower: z.unknown(),
  }),
});

const parseOutcome = createRequestParser({
  body: z.strictObject({
    prediction: z.uuid(),
    truth: z.string().regex(/^[\w -]{1,100}$/),
  }),
});

const parseChange = createRequestParser({
  body: z.strictObject({
    reason,
    command: z.discriminatedUnion('to', [
      z.strictObject({ to: z.literal('shadow'), candidate }),
      z.strictObject({ to: z.literal('canary'), trial, share }),
      z.strictObject({ to: z.literal('live'), trial }),
      z.strictObject({ to: z.literal('rollback'), trial }),
    ]),
  }),
});

/** Predictions for users; stages, and outcomes, for operators. */
export function createApp(services: Services) {
  const { trials, createDeadline, log } = services;
  const app = express().disable('x-powered-by');
  app.post('/predictions', async (request, response) => {
    const predict = async (signal: AbortSignal) => {
      const { user, flower } = (await parsePrediction(request)).body;
      return await trials.predict({ user, body: flower, signal });
    };
    const deadline = createDeadline();
    const prediction = await untilEnd(response, deadline, predict);
    const { features, ...answer } = prediction;
    response.status(201).json(answer);
  });

  app.use(requireOperator(services.operatorToken));

  app.post('/outcomes', async (request, response) => {
    const { prediction, truth } = (await parseOutcome(request)).body;
    await trials.tellTruth(prediction, truth);
    response.status(204).end();
  });

  app.post('/changes', async (request, response) => {
    const { body } = await parseChange(request);
    // In your app, who changes it comes from the session too.
    const stage = await trials.change({
      ...body,
      changedBy: 'operator',
    });
    response.status(201).json(stage);
  });

  app.get('/trial', async (_request, response) => {
    response.json(await trials.look());
  });

  app.use(answerNotFound, answerErrors(log, translateZodError));
  return app;
}
