import type {
  AuthenticationResponseJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';
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
import { createToken } from '../session-management/session.ts';
import {
  giveToken,
  readToken,
} from '../session-management/session-cookie.ts';
import { authenticate, readEmail } from './authenticate.ts';
import { giveBrowser, readBrowser } from './browser-cookie.ts';
import { servePage } from './page.ts';
import { createPasskeyRegistration } from './passkey-registration.ts';
import { createPasskeySignIn } from './passkey-sign-in.ts';
import { createPasskeys } from './passkeys.ts';

export type AppOptions = {
  pool: Pool;
  /** Where the pages are: `https://shop.example.com`. */
  origin: string;
  log: Parameters<typeof answerErrors>[0] & {
    warn: (message: string, details: object) => void;
  };
};

const parsePassword = createRequestParser({
  body: z.strictObject({
    email: z.email().max(254).toLowerCase(),
    password: z.string().max(128),
  }),
});
// What is in it is verified later, or refused.
const parseSignIn = createRequestParser({
  body: z.strictObject({
    response: z.custom<AuthenticationResponseJSON>(),
  }),
});
const parseRegistration = createRequestParser({
  body: z.strictObject({
    name: z.string().max(400),
    response: z.custom<RegistrationResponseJSON>(),
  }),
});

/** A small shop whose users sign in with passkeys. */
export function createApp({ pool, origin, log }: AppOptions) {
  const app = express().disable('x-powered-by');
  const requireSameOrigin = createSameOriginGuard(origin);

  app.use((request, response, next) => {
    requireSameOrigin(request);
    response.set('cache-control', 'no-store');
    next();
  });

  // #region wire
  const sessions = createPostgresSessions({ pool });
  const { hostname } = new URL(origin);
  const rp = { id: hostname, name: 'Corner Shop', origins: [origin] };
  const options = { pool, sessions, rp, log };
  const signIn = createPasskeySignIn(options);
  const registration = createPasskeyRegistration(options);
  const passkeys = createPasskeys(options);

  app.post('/sessions/options', async (request, response) => {
    const { cookie } = request.headers;
    const browser = readBrowser(cookie) ?? createToken();
    response.append('set-cookie', giveBrowser(browser));
    response.json(await signIn.begin(browser));
  });

  app.post('/sessions', async (request, response) => {
    const { body } = await parseSignIn(request);
    const browser = readBrowser(request.headers.cookie);
    if (!browser) throw refuse('challenge_over');
    const device = `${request.get('user-agent')}`;
    const options = { browser, device };
    const token = await signIn.finish(body.response, options);
    await replaceSession(request, response, token);
  });

  app.post('/passkeys/options', async (request, response) => {
    const { session } = await requireSession(request);
    const account = await readEmail(pool, session.userId);
    response.json(await registration.begin(session, account));
  });

  app.post('/passkeys', async (request, response) => {
    const { session } = await requireSession(request);
    const { body } = await parseRegistration(request);
    const added = await registration.finish(session, body);
    response.status(201).json(added);
  });

  // #endregion wire

  app.delete('/passkeys/:id', async (request, response) => {
    const { session } = await requireSession(request);
    await passkeys.remove(session, request.params.id);
    response.status(204).end();
  });

  app.get('/passkeys', async (request, response) => {
    const { session } = await requireSession(request);
    response.json(await passkeys.list(session.userId));
  });

  app.post('/sessions/password', async (request, response) => {
    const { body } = await parsePassword(request);
    const userId = await authenticate(pool, body);
    const device = `${request.get('user-agent')}`;
    const token = await sessions.begin({ userId, device });
    await replaceSession(request, response, token);
  });

  async function replaceSession(
    request: Request,
    response: Response,
    token: string,
  ) {
    const old = readToken(request.headers.cookie);
    if (old) await sessions.logout(old);
    const cookie = giveToken(token, sessions.lifetimeSeconds);
    response.append('set-cookie', cookie);
    response.status(201).json({});
  }

  async function requireSession(request: Request) {
    const token = readToken(request.headers.cookie);
    const session = token && (await sessions.read(token));
    if (session) return { token, session };
    throw refuse('session_over');
  }

  app.get('/me', async (request, response) => {
    const { session } = await requireSession(request);
    response.json({ userId: session.userId });
  });

  app.use(servePage());
  app.use(answerNotFound, answerErrors(log));
  return app;
}

function refuse(code: string): HttpProblem {
  return new HttpProblem(401, code, 'Begin again');
}
