import { AsyncLocalStorage } from 'node:async_hooks';
import express from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import type { Log } from '../structured-logging/create-log.ts';
import {
  readCorrelation,
  receiveCorrelation,
  runWithCorrelation,
} from './correlation.ts';
import type { createOrders } from './orders.ts';

type Services = {
  orders: ReturnType<typeof createOrders>;
  log: Log;
  /** True behind a gateway of ours, which checks or removes these headers. */
  trustCallers: boolean;
};

const order = z.strictObject({ sku: z.string().max(40) });

/** A small shop whose lines, calls, jobs and transactions carry one id. */
export function createApp({ orders, log, trustCallers }: Services) {
  const app = express().disable('x-powered-by');

  // #region correlate-requests
  app.use((request, response, next) => {
    const { headers } = request;
    const correlation = receiveCorrelation(trustCallers ? headers : {});
    response.set('x-request-id', correlation.requestId);
    runWithCorrelation(correlation, () => {
      const logEnd = AsyncLocalStorage.bind(() =>
        log.info('request ended', {
          status: response.statusCode,
          // False when the caller gave up before the answer.
          sent: response.writableFinished,
        }),
      );
      response.once('close', logEnd);
      next();
    });
  });
  // #endregion correlate-requests

  // #region receive-upload
  app.post('/uploads', (request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    // Without `bind`, this line would have no id.
    const finish = AsyncLocalStorage.bind(() => {
      log.info('upload received', { bytes });
      response.sendStatus(201);
    });
    request.once('end', finish);
  });
  // #endregion receive-upload
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

  app.use(answerNotFound, answerErrors(log, translateZodError));
  return app;
}
