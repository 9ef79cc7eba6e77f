import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import express, { type RequestHandler } from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
  refuseMethod,
} from './answer-errors.ts';
import { HttpProblem } from './http-problem.ts';
import { translateZodError } from './translate-zod-error.ts';

type Services = { log: Parameters<typeof answerErrors>[0] };

/** The core knows no HTTP. */
class EmailTakenError extends Error {
  override readonly name = 'EmailTakenError';
}

const member = z.strictObject({ email: z.email().max(254) });

// #region wire
// The edge says what an error of the core means to the caller.
function translate(cause: unknown): unknown {
  if (!(cause instanceof EmailTakenError))
    return translateZodError(cause);
  const advice = 'Log in instead';
  return new HttpProblem(409, 'email_taken', advice, { cause });
}

/** Members; two of the routes have a bug. */
export function createApp({ log }: Services) {
  const app = express().disable('x-powered-by');
  app.use(express.json({ limit: '4kb' }));
  app.route('/members').post(createAddMember()).all(refuseMethod);
  app.get('/members.csv', sendMembers);
  app.post('/members/:email/welcome', welcome);
  app.use(answerNotFound, answerErrors(log, translate));
  return app;
}
// #endregion wire

function createAddMember(): RequestHandler {
  const emails = new Set(['ada@example.com']);
  return (request, response) => {
    const { email } = member.parse(request.body);
    if (emails.has(email)) throw new EmailTakenError();
    emails.add(email);
    response.status(201).json({ email });
  };
}

const sendMembers: RequestHandler = async (_request, response) => {
  response.type('text/csv');
  await pipeline(Readable.from(writeRows()), response);
};

async function* writeRows() {
  yield `email\n${'ada@example.com\n'.repeat(10_000)}`;
  throw new TypeError("cannot read properties of null ('email')");
}

const welcome: RequestHandler = (_request, response) => {
  void sendWelcome(); // a promise that nobody awaits
  response.status(202).end();
};

async function sendWelcome() {
  throw new Error('the mail server refused the message');
}
