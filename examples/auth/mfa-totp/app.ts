import express, { type Request, type Response } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import { createPostgresSessions } from '../session-management/postgres-sessions.ts';
import { createSameOriginGuard } from '../session-management/same-origin.ts';
import {
  giveToken,
  readToken,
} from '../session-management/session-cookie.ts';
import { authenticate, readEmail } from './authenticate.ts';
import {
  createServices,
  type ServicesOptions,
} from './create-services.ts';
import type { Current } from './logins.ts';

export type AppOptions = Omit<
  ServicesOptions,
  'sessions' | 'issuer'
> & {
  pool: Pool;
  /** Where the pages are: `https://shop.example.com`. */
  origin: string;
  log: Parameters<typeof answerErrors>[0];
};

const email = z.email().max(254).toLowerCase();
const password = z.string().max(128);
// A text: as a number, 012345 would lose its zero.
const code = z.string().max(64);
const parseLogin = createRequestParser({
  body: z.strictObject({ email, password }),
});
const parseTicket = createRequestParser({
  body: z.strictObject({ ticket: z.string().max(500), code }),
});
const parseProof = createRequestParser({
  body: z.union([
    z.strictObject({ code }),
    z.strictObject({ password }),
  ]),
});

/** A small shop whose users may have a second factor. */
export function createApp(options: AppOptions) {
  const { pool } = options;
  const sessions = createPostgresSessions({ pool });
  const issuer = 'Corner Shop';
  const services = createServices({ ...options, sessions, issuer });
  const { logins, enrolment, proofs } = services;
  const requireSameOrigin = createSameOriginGuard(options.origin);
  const app = express().disable('x-powered-by');
  app.use((request, _response, next) => {
    requireSameOrigin(request);
    next();
  });

  app.post('/sessions', async (request, response) => {
    const { body } = await parseLogin(request);
    const userId = await authenticate(pool, body);
    if (!userId) throw refuse();
    const device = readDevice(request);
    const { token, ticket } = await logins.begin({ userId, device });
    if (!token) return void response.status(202).json({ ticket });
    give(response.status(201), token);
  });

  // #region wire
  app.post('/sessions/second-factor', async (request, response) => {
    const { ticket, code } = (await parseTicket(request)).body;
    const address = `${request.ip}`;
    const answer = { code, address, device: readDevice(request) };
    const token = await logins.finish(ticket, answer);
    if (!token) throw refuse();
    give(response.status(201), token);
  });

  app.put('/second-factor', async (request, response) => {
    const current = await requireSession(request);
    const { body } = await parseTicket(request);
    const done = await enrolment.confirm(current, body);
    if (!done) throw refuse();
    const { token, recoveryCodes } = done;
    response.set('cache-control', 'no-store');
    if (token) setCookie(response, token);
    response.json({ recoveryCodes });
  });
  // #endregion wire

  app.post('/second-factor', async (request, response) => {
    const { session } = await requireSession(request);
    const account = await readEmail(pool, session.userId);
    response.set('cache-control', 'no-store');
    response.json(await enrolment.begin(session, account));
  });

  app.delete('/second-factor', async (request, response) => {
    const { session } = await requireSession(request);
    await enrolment.remove(session);
    response.status(204).end();
  });

  app.post(
    '/second-factor/recovery-codes',
    async (request, response) => {
      const { session } = await requireSession(request);
      const recoveryCodes =
        await enrolment.replaceRecoveryCodes(session);
      if (!recoveryCodes)
        throw new HttpProblem(404, 'no_second_factor', 'Set one first');
      response.set('cache-control', 'no-store');
      response.json({ recoveryCodes });
    },
  );

  app.post('/sessions/current/proof', async (request, response) => {
    const current = await requireSession(request);
    const { body } = await parseProof(request);
    const address = `${request.ip}`;
    const next =
      'code' in body
        ? await logins.proveAgain(current, { ...body, address })
        : await provePassword(current, body.password);
    if (!next) throw refuse();
    give(response.status(204), next);
  });

  async function provePassword(current: Current, password: string) {
    const email = await readEmail(pool, current.session.userId);
    if (!(await authenticate(pool, { email, password }))) return;
    return logins.provePassword(current);
  }

  app.get('/me', async (request, response) => {
    const { session } = await requireSession(request);
    response.json({ userId: session.userId });
  });

  app.post('/payouts', async (request, response) => {
    const { session } = await requireSession(request);
    await proofs.requireFresh(session);
    response.status(204).end();
  });

  async function requireSession(request: Request) {
    const token = readToken(request.headers.cookie);
    const session = token && (await sessions.read(token));
    if (session) return { token, session };
    throw new HttpProblem(401, 'session_over', 'Log in again');
  }

  function give(response: Response, token: string) {
    setCookie(response, token);
    response.end();
  }

  function setCookie(response: Response, token: string) {
    const cookie = giveToken(token, sessions.lifetimeSeconds);
    // `set` would remove the cookies of others.
    response.append('set-cookie', cookie);
  }

  app.use(answerNotFound, answerErrors(options.log));
  return app;
}

/** What the user will know the session by. */
function readDevice(request: Request): string {
  return request.get('user-agent') ?? 'unknown';
}

function refuse(): HttpProblem {
  return new HttpProblem(401, 'wrong_credentials', 'Try again');
}
