import { createHash, timingSafeEqual } from 'node:crypto';
import {
  answerErrors,
  answerNotFound,
  HttpProblem,
} from '@touchstone/kit/app/problems';
import express, { type RequestHandler } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import { findAccount } from './accounts.ts';
import { type BodyLimits, readBody } from './read-body.ts';
import type { createVerifier } from './signatures.ts';
import type { createWebhookInbox } from './webhook-inbox.ts';

type Services = {
  pool: Pool;
  inbox: ReturnType<typeof createWebhookInbox>;
  verifiers: Map<string, ReturnType<typeof createVerifier>>;
  operatorToken: string;
  log: { error: (message: string, details: object) => void };
  /** Called for each event that was accepted, so that a worker wakes. */
  wake?: () => void;
  bodyLimits?: BodyLimits;
};

const name = z.string().min(1).max(255);
const letter = z.strictObject({ source: name, id: name });
const account = z.strictObject({ customer: name });

/** Takes webhooks in; an operator sees what failed, and replays it. */
export function createApp(services: Services) {
  const { pool, inbox, verifiers, operatorToken, log } = services;
  const app = express().disable('x-powered-by');

  // No body parser in front: the signature is over the bytes.
  app.post('/webhooks/:source', async (request, response) => {
    const { source } = request.params;
    const verify = verifiers.get(source);
    if (!verify)
      throw new HttpProblem(404, 'unknown_source', 'Nobody sends here');
    // Whatever is not read of a body must not be the next request.
    response.set('connection', 'close');
    const body = await readBody(request, services.bodyLimits);
    response.removeHeader('connection');
    const id = verify({ headers: request.headers, body });
    await inbox.accept({ source, id, body });
    response.status(202).end();
    services.wake?.();
  });

  app.use(requireOperator(operatorToken));

  app.get('/dead-letters', async (_request, response) => {
    response.json(await inbox.listDead());
  });

  app.post(
    '/webhook-events/:source/:id/replay',
    async (request, response) => {
      const { source, id } = letter.parse(request.params);
      if (!(await inbox.replay(source, id)))
        throw new HttpProblem(409, 'nothing_to_replay', 'It is done');
      response.status(202).end();
      services.wake?.();
    },
  );

  app.get('/accounts/:customer', async (request, response) => {
    const { customer } = account.parse(request.params);
    response.json((await findAccount(pool, customer)) ?? null);
  });

  app.use(answerNotFound, answerErrors(log));
  return app;
}

function requireOperator(token: string): RequestHandler {
  const expected = digest(`Bearer ${token}`);
  return function checkOperator(request, _response, next) {
    const given = digest(request.get('authorization') ?? '');
    if (!timingSafeEqual(given, expected))
      throw new HttpProblem(401, 'invalid_token', 'Send the token');
    next();
  };
}

/** Of equal length, as a comparison in constant time needs them. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
