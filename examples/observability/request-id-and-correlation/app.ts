import { AsyncLocalStorage } from 'node:async_hooks';
import {
  answerErrors,
  answerNotFound,
} from '@touchstone/kit/app/problems';
import express from 'express';
import { z } from 'zod';
import {
  readCorrelation,
  receiveCorrelation,
  runWithCorrelation,
} from './correlation.ts';
import type { createOrders } from './orders.ts';
import type { createSampledLog } from './sampled-log.ts';

type Services = {
  orders: ReturnType<typeof createOrders>;
  sampling: ReturnType<typeof createSampledLog>;
};

const order = z.strictObject({ sku: z.string().max(40) });

/** A small shop whose lines, calls, jobs and transactions carry one id. */
export function createApp({ orders, sampling }: Services) {
  const { log, runSampled, release } = sampling;
  const app = express().disable('x-powered-by');

  // #region correlate-requests
  app.use((request, response, next) => {
    // `headersDistinct`: a header that came twice stays two.
    const correlation = receiveCorrelation(request.headersDistinct);
    response.set('x-request-id', correlation.requestId);
    const { sampled } = correlation.trace;
    runWithCorrelation(correlation, () => {
      runSampled(sampled, () => {
        const end = AsyncLocalStorage.bind(() => {
          if (response.statusCode >= 500) release();
          log.info('request ended', { status: response.statusCode });
        });
        response.once('close', end);
        next();
      });
    });
  });
  // #endregion correlate-requests
  app.use(express.json({ limit: '4kb' }));

  app.post('/orders', async (request, response) => {
    const { sku } = order.parse(request.body);
    await orders.place(sku);
    response.sendStatus(201);
  });

  // Every id is safe in HTML: its characters are those of REQUEST_ID.
  app.get('/sorry', (_request, response) => {
    const id = readCorrelation()?.requestId;
    response.status(500).send(`<p>Tell us this number: ${id}</p>`);
  });

  app.use(answerNotFound, answerErrors(log));
  return app;
}
