import Boom from '@hapi/boom';
import express, { type ErrorRequestHandler } from 'express';
import fastify from 'fastify';
import createError from 'http-errors';
import { answerErrors, answerNotFound } from './answer-errors.ts';
import { HttpProblem } from './http-problem.ts';

const silent = { error() {}, info() {} };
const TEXT = 'Log in instead';

/** The pattern. */
export function createPatternApp() {
  const app = express().disable('x-powered-by');
  app.post('/members', async () => {
    throw new HttpProblem(409, 'email_taken', TEXT);
  });
  return app.use(answerNotFound, answerErrors(silent));
}

/** The status and message of whatever is thrown. */
export function createNaiveApp() {
  const answer: ErrorRequestHandler = (error, _, response, _next) =>
    void response.status(error.status).json({ error: error.message });
  const app = express().disable('x-powered-by');
  app.post('/members', async () => {
    throw createError(409, TEXT);
  });
  return app.use(answer);
}

/** Boom makes the body; the handler sends it. */
export function createBoomApp() {
  const answer: ErrorRequestHandler = (error, _, response, _next) => {
    const { output } = Boom.isBoom(error) ? error : Boom.internal();
    response.status(output.statusCode).set(output.headers);
    response.json(output.payload);
  };
  const app = express().disable('x-powered-by');
  app.post('/members', async () => {
    throw Boom.conflict(TEXT, { code: 'email_taken' });
  });
  return app.use(answer);
}

/** Express without an error handler, as in production. */
export function createExpressApp() {
  const app = express().disable('x-powered-by').set('env', 'test');
  app.post('/members', async () => {
    throw createError(409, TEXT);
  });
  return app;
}

/** Fastify's own error handler. */
export async function createFastifyApp() {
  const app = fastify();
  app.post('/members', async () => {
    throw createError(409, TEXT);
  });
  await app.ready();
  return app.routing;
}
