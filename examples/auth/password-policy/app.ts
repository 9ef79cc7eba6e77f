import express, { type Response } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import type { createPasswordHasher } from '../password-hashing/password-hasher.ts';
import { createPasswords } from '../password-hashing/passwords.ts';
import { createUser } from './create-user.ts';
import type { createPasswordPolicy } from './password-policy.ts';

type AppOptions = {
  pool: Pool;
  hasher: ReturnType<typeof createPasswordHasher>;
  policy: ReturnType<typeof createPasswordPolicy>;
  log: Parameters<typeof answerErrors>[0] &
    Parameters<typeof createPasswords>[0]['log'];
};

const email = z.email().max(254).toLowerCase();
// Not trimmed: a space at the end is a part of the password.
const password = z.string();
const parseUser = createRequestParser({
  body: z.strictObject({ email, password }),
});
const parseChange = createRequestParser({
  body: z.strictObject({ email, password, newPassword: password }),
});

/** Signs users up, logs them in and changes their passwords. */
export function createApp({ pool, hasher, policy, log }: AppOptions) {
  const app = express().disable('x-powered-by');

  // #region wire
  const passwordsOf = (email: string) =>
    createPasswords({
      pool,
      log,
      hasher: policy.guard(hasher, [email]),
    });

  app.post('/users', async (request, response) => {
    const { body } = await parseUser(request);
    const { hash } = policy.guard(hasher, [body.email]);
    const hashed = await hash(body.password, whenGone(response));
    await createUser(pool, body.email, hashed);
    response.status(201).end();
  });

  app.put('/password', async (request, response) => {
    const { body } = await parseChange(request);
    const passwords = passwordsOf(body.email);
    const gone = whenGone(response);
    if (!(await passwords.changePassword(body, gone))) throw refuse();
    response.status(204).end();
  });

  app.post('/sessions', async (request, response) => {
    const { body } = await parseUser(request);
    const signal = whenGone(response);
    const userId = await passwordsOf(body.email).logIn(body, signal);
    if (!userId) throw refuse();
    const names = [body.email];
    const weakness = await policy.judge(body.password, names, signal);
    // Right, and others have it too: no session until it is changed.
    if (weakness === 'password_breached') throw mustChange();
    response.status(201).json({ userId, weakness });
  });
  // #endregion wire

  app.use(answerNotFound, answerErrors(log));
  return app;
}

function refuse(): HttpProblem {
  return new HttpProblem(401, 'wrong_credentials', 'Try again');
}

function mustChange(): HttpProblem {
  return new HttpProblem(
    403,
    'password_must_change',
    'Your password is in a list of stolen ones. Choose another: PUT /password with password and newPassword',
  );
}

/** Aborts when the client hangs up: nothing is asked or hashed for it any more. */
function whenGone(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}
