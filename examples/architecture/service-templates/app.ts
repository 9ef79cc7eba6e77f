import { AsyncLocalStorage } from 'node:async_hooks';
import express, { type RequestHandler } from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
  refuseMethod,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import {
  receiveCorrelation,
  runWithCorrelation,
} from '../../observability/request-id-and-correlation/correlation.ts';
import type { Log } from '../../observability/structured-logging/create-log.ts';
import { PoolError } from '../../postgres/connection-pooling/pool-error.ts';
import type { createOrders } from './orders.ts';

type Services = { orders: ReturnType<typeof createOrders>; log: Log };

/** Postgres takes no NUL, and no half of a surrogate pair. */
const isText = (text: string) =>
  text.isWellFormed() && !text.includes('\0');

const newOrder = z.strictObject({
  customer: z.string().min(1).max(100).refine(isText),
  cents: z.int().min(1).max(100_000_000),
});
const orderId = z.string().regex(/^[1-9]\d{0,17}$/);

/** The routes of the service; every error is a problem document. */
export function createApp({ orders, log }: Services) {
  const app = express().disable('x-powered-by');
  app.use(logRequests(log), express.json({ limit: '16kb' }));

  app
    .route('/orders')
    .post(async (request, response) => {
      const id = await orders.place(newOrder.parse(request.body));
      response.status(201).location(`/orders/${id}`).json({ id });
    })
    .all(refuseMethod);

  app
    .route('/orders/:id')
    .get(async (request, response) => {
      const id = orderId.parse(request.params.id);
      const order = await orders.find(id);
      if (!order)
        throw new HttpProblem(404, 'no_such_order', `No order ${id}`);
      response.json(order);
    })
    .all(refuseMethod);

  app.use(answerNotFound, answerErrors(log, translate));
  return app;
}

// #region translate-errors
/** What an error of the core means to the caller. */
function translate(cause: unknown): unknown {
  const isBusy =
    cause instanceof PoolError && cause.code !== 'no_answer';
  if (!isBusy && !isLocked(cause)) return translateZodError(cause);
  const { code, message } = isBusy ? cause : LOCKED;
  // Nothing was done in Postgres, so the caller may come back.
  return new HttpProblem(503, code, message, {
    cause,
    retryAfterSeconds: 1,
  });
}

const LOCKED = { code: 'locked', message: 'It is in use: try again' };

/** The lock did not come in time, and the transaction was rolled back. */
const isLocked = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === '55P03';
// #endregion translate-errors

/** A line for each request; those that are logged meanwhile have its ids. */
function logRequests(log: Log): RequestHandler {
  return (request, response, next) => {
    const { method, path } = request;
    // Behind a gateway that checks these headers, pass them instead.
    const correlation = receiveCorrelation({});
    response.set('x-request-id', correlation.requestId);
    runWithCorrelation(correlation, () => {
      // Listeners run in the context of who emits: `bind` keeps this one.
      const logEnd = AsyncLocalStorage.bind(() => {
        const { statusCode: status, writableFinished: sent } = response;
        log.info('request ended', { method, path, status, sent });
      });
      response.once('close', logEnd);
      next();
    });
  };
}
