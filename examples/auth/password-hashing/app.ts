import express, { type Response } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import { PoolError } from '../../postgres/connection-pooling/pool-error.ts';
import { verifyImported } from './imported-hashes.ts';
import {
  createPasswordHasher,
  type PasswordHasherOptions,
} from './password-hasher.ts';
import { createPasswords } from './passwords.ts';

type AppOptions = PasswordHasherOptions & {
  pool: Pool;
  log: Parameters<typeof answerErrors>[0] &
    Parameters<typeof createPasswords>[0]['log'];
};

const email = z.email().max(254).toLowerCase();
const parseLogin = createRequestParser({
  body: z.strictObject({ email, password: z.string() }),
});
const parseChange = createRequestParser({
  body: z.strictObject({
    email,
    password: z.string(),
    newPassword: z.string(),
  }),
});

// #region wire
/** Logs users in, and changes their passwords. */
export function createApp({ pool, log, ...options }: AppOptions) {
  const imported = verifyImported;
  const hasher = createPasswordHasher({ imported, ...options });
  const passwords = createPasswords({ pool, hasher, log });
  const app = express().disable('x-powered-by');

  app.post('/sessions', async (request, response) => {
    const { body } = await parseLogin(request);
    const userId = await passwords.logIn(body, whenGone(response));
    if (!userId) throw refuse();
    response.status(201).json({ userId }); // issue your session here
  });
  // #endregion wire

  app.put('/password', async (request, response) => {
    const { body } = await parseChange(request);
    const gone = whenGone(response);
    if (!(await passwords.changePassword(body, gone))) throw refuse();
    response.status(204).end();
  });

  app.get('/health', (_request, response) => {
    response.status(204).end();
  });

  app.use(answerNotFound, answerErrors(log, translate));
  return app;
}

function refuse(): HttpProblem {
  return new HttpProblem(401, 'wrong_credentials', 'Try again');
}

/** A full pool: nothing was sent, so the client may come back. */
function translate(error: unknown): unknown {
  const isBusy =
    error instanceof PoolError && error.code !== 'no_answer';
  if (!isBusy) return error;
  const { code, message } = error;
  return new HttpProblem(503, code, message, { retryAfterSeconds: 1 });
}

/** Aborts when the client hangs up, so that its hash leaves the queue. */
function whenGone(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}
