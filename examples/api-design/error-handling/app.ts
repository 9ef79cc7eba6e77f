import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express from 'express';
import {
  answerErrors,
  answerNotFound,
  refuseMethod,
} from './answer-errors.ts';
import { HttpProblem } from './http-problem.ts';

type Services = { log: Parameters<typeof answerErrors>[0] };

// #region domain-error
/** The core knows no HTTP. */
export class EmailTakenError extends Error {
  override readonly name = 'EmailTakenError';
}

/** The edge says what an error of the core means to the caller. */
export function translate(error: unknown): unknown {
  if (error instanceof EmailTakenError)
    return new HttpProblem(409, 'email_taken', 'Log in instead', {
      cause: error,
    });
  return error;
}
// #endregion domain-error

/** A list of members; two of its routes have a bug. */
export function createApp({ log }: Services) {
  const emails = new Set(['ada@example.com']);

  // #region wire
  const app = express().disable('x-powered-by');
  app.use(express.json({ limit: '4kb' }));

  app
    .route('/members')
    .post((request, response) => {
      const { email } = request.body;
      if (typeof email !== 'string')
        throw new HttpProblem(400, 'invalid_request', 'Send an email');
      if (emails.has(email)) throw new EmailTakenError();
      emails.add(email);
      response.status(201).json({ email });
    })
    .all(refuseMethod);
  // #endregion wire

  app.get('/members.csv', async (_request, response) => {
    response.type('text/csv');
    await pipeline(Readable.from(writeRows()), response);
  });

  app.post('/members/:email/welcome', (_request, response) => {
    void sendWelcome(); // a promise that nobody awaits
    response.status(202).end();
  });

  // #region last
  app.use(answerNotFound, answerErrors(log, translate));
  return app;
  // #endregion last
}

async function* writeRows() {
  yield 'email\nada@example.com\n';
  throw new TypeError("cannot read properties of null ('email')");
}

async function sendWelcome() {
  throw new Error('the mail server refused the message');
}
