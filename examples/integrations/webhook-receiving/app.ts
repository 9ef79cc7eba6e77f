import express from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import { findAccount } from './accounts.ts';
import { type BodyLimits, readBody } from './read-body.ts';
import type { createVerifier } from './signatures.ts';
import type { createWebhookInbox } from './webhook-inbox.ts';

type Services = {
  pool: Pool;
  inbox: Pick<ReturnType<typeof createWebhookInbox>, 'accept'>;
  /** By the name of the sender, which is in the path. */
  verifiers: Record<string, ReturnType<typeof createVerifier>>;
  log: Parameters<typeof answerErrors>[0];
  bodyLimits?: BodyLimits;
};

const parseAccount = createRequestParser({
  params: z.strictObject({ customer: z.string().min(1).max(255) }),
});

/** Receives webhooks of payments, and shows the accounts that they credit. */
export function createApp(services: Services) {
  const { pool, inbox, log, bodyLimits } = services;
  const verifiers = new Map(Object.entries(services.verifiers));
  const app = express().disable('x-powered-by');

  // #region receive
  // No body parser before it: the signature is over the bytes.
  app.post('/webhooks/:source', async (request, response) => {
    const { source } = request.params;
    const verify = verifiers.get(source);
    if (!verify)
      throw new HttpProblem(404, 'unknown_sender', 'No such sender');
    // What is not read of a body must not become the next request.
    response.set('connection', 'close');
    const body = await readBody(request, bodyLimits);
    response.removeHeader('connection');
    const id = verify({ headers: request.headers, body });
    await inbox.accept({ source, id, body });
    response.status(202).end();
  });
  // #endregion receive

  app.get('/accounts/:customer', async (request, response) => {
    const { customer } = (await parseAccount(request)).params;
    response.json((await findAccount(pool, customer)) ?? null);
  });

  app.use(answerNotFound, answerErrors(log));
  return app;
}
