import {
  answerErrors,
  answerNotFound,
  HttpProblem,
} from '@touchstone/kit/app/problems';
import express, { type Response } from 'express';
import {
  outcome,
  question,
  registration,
  stageChange,
} from './input.ts';
import type { ModelDeployment } from './model-deployment.ts';
import { findOperator, type Operators } from './operators.ts';

type Services = {
  deployment: ModelDeployment;
  operators: Operators;
  log: { error: (message: string, details: object) => void };
};

/** Predictions and their truth for everybody; versions and stages for operators. */
export function createApp(services: Services) {
  const { deployment, operators, log } = services;
  const app = express().disable('x-powered-by');
  const small = express.json({ limit: '16kb' });
  const large = express.json({ limit: '64mb' });

  app.post('/predictions', small, async (request, response) => {
    const { user, row } = question.parse(request.body);
    response.status(201).json(await deployment.predict(user, row));
  });

  app.post('/outcomes', small, async (request, response) => {
    const { prediction, truth } = outcome.parse(request.body);
    await deployment.tellTruth(prediction, truth);
    response.status(204).end();
  });

  app.use(function authorise(request, response, next) {
    const { authorization } = request.headers;
    response.locals.operator = findOperator(operators, authorization);
    if (response.locals.operator) return next();
    throw new HttpProblem(401, 'no_operator', 'Send your token');
  });

  app.post('/versions', large, async (request, response) => {
    const { onnx, ...rest } = registration.parse(request.body);
    const registeredBy = nameOf(response);
    const version = { ...rest, bytes: onnx, registeredBy };
    const isNew = await deployment.register(version);
    response.status(isNew ? 201 : 200).json({ version: rest.version });
  });

  app
    .route('/stages')
    .post(small, async (request, response) => {
      const change = stageChange.parse(request.body);
      const changedBy = nameOf(response);
      const stage = await deployment.change({ ...change, changedBy });
      response.status(201).json(stage);
    })
    .get(async (_request, response) => {
      response.json(await deployment.listStages());
    });

  app.get('/trial', async (_request, response) => {
    response.json(await deployment.look());
  });

  const nameOf = ({ locals }: Response) => `${locals.operator}`;

  app.use(answerNotFound, answerErrors(log));
  return app;
}
