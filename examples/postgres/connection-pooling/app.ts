import express, { type ErrorRequestHandler } from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import type { GuardedPool } from './guarded-pool.ts';
import type { createItems } from './items.ts';
import { PoolError } from './pool-error.ts';

type Services = {
  items: ReturnType<typeof createItems>;
  pool: GuardedPool;
  log: { error: (message: string, details: object) => void };
};

const parameters = z.object({ id: z.coerce.number().int() });

/** Items over HTTP, and the gauges of the pool. */
export function createApp({ items, pool, log }: Services) {
  const app = express().disable('x-powered-by');

  app.get('/items/:id', async (request, response) => {
    const { id } = parameters.parse(request.params);
    const item = await items.find(id);
    if (!item)
      throw new HttpProblem(404, 'no_such_item', 'Not in stock');
    response.json(item);
  });

  app.get('/pool', (_request, response) => {
    const { totalCount, idleCount, waitingCount, refused } = pool;
    response.json({ totalCount, idleCount, waitingCount, refused });
  });

  app.use(
    answerNotFound,
    answerBusy,
    answerErrors(log, translateZodError),
  );
  return app;
}

// #region answer-busy
/** Nothing was sent, so the client may come back. */
const answerBusy: ErrorRequestHandler = (
  error,
  _request,
  _response,
  next,
) => {
  const isBusy =
    error instanceof PoolError && error.code !== 'no_answer';
  if (!isBusy) return next(error);
  const { code, message } = error;
  next(new HttpProblem(503, code, message, { retryAfterSeconds: 1 }));
};
// #endregion answer-busy
