import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import express from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import type { Log } from './create-log.ts';
import { addToLogContext, runWithLogContext } from './log-context.ts';

const order = z.object({
  sku: z.string().max(40),
  cardNumber: z.string().max(19),
});

/** A shop that declines every card. */
export function createApp({ log }: { log: Log }) {
  const app = express().disable('x-powered-by');

  // #region log-requests
  app.use((request, response, next) => {
    const { method, path } = request;
    const context = { requestId: randomUUID(), method, path };
    runWithLogContext(context, () => {
      // An emitter calls its listeners in the context of its caller:
      // `bind` brings this one back.
      const logEnd = AsyncLocalStorage.bind(() => {
        const sent = response.writableFinished;
        log.info('request ended', {
          status: response.statusCode,
          sent,
        });
      });
      response.once('close', logEnd);
      next();
    });
  });
  // #endregion log-requests
  app.use(express.json({ limit: '4kb' }));

  app.post('/orders', (request) => {
    const { sku, ...card } = order.parse(request.body);
    addToLogContext({ sku });
    log.debug('charging', card);
    const cause = new Error('declined');
    throw new Error('the order was not placed', { cause });
  });

  app.use(answerNotFound, answerErrors(log, translateZodError));
  return app;
}
