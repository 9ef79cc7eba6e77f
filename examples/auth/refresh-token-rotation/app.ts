import express, { type Request, type Response } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import type { createAccessTokenIssuer } from '../jwt-access-tokens/issue-access-tokens.ts';
import {
  type createAccessTokenVerifier,
  readBearer,
} from '../jwt-access-tokens/verify-access-tokens.ts';
import {
  answerSession,
  NO_SESSION,
  readRefreshToken,
} from './answer-session.ts';
import { authenticate } from './authenticate.ts';
import { RefreshError } from './refresh-error.ts';
import type { createRefreshTokens, Session } from './refresh-tokens.ts';

type Services = {
  pool: Pool;
  refreshTokens: ReturnType<typeof createRefreshTokens>;
  issuer: ReturnType<typeof createAccessTokenIssuer>;
  verifier: ReturnType<typeof createAccessTokenVerifier>;
  log: Parameters<typeof answerErrors>[0];
};

const parseLogin = createRequestParser({
  body: z.strictObject({
    email: z.email().max(254).toLowerCase(),
    password: z.string().max(128),
  }),
});

/** The logins of a small API: log in, refresh, look, log out. */
export function createApp(services: Services) {
  const { pool, refreshTokens, issuer, verifier, log } = services;
  const app = express().disable('x-powered-by');

  // #region wire
  app.post('/sessions', async (request, response) => {
    const userId = await authenticate(pool, await parseLogin(request));
    const session = await refreshTokens.issue(userId);
    await answer(response.status(201), session);
  });

  app.post('/sessions/refresh', async (request, response) => {
    const session = await refreshTokens.rotate(readToken(request));
    await answer(response, session);
  });

  app.delete('/sessions/current', async (request, response) => {
    await refreshTokens.logout(readToken(request));
    response.set(NO_SESSION).status(204).end();
  });

  async function answer(response: Response, session: Session) {
    const options = { issuer, clientId: 'web' };
    const { headers, body } = await answerSession(session, options);
    response.set(headers).json(body);
  }
  // #endregion wire

  app.delete('/sessions', async (request, response) => {
    await refreshTokens.logoutEverywhere(await readUser(request));
    response.set(NO_SESSION).status(204).end();
  });

  app.get('/me', async (request, response) => {
    response.json({ userId: await readUser(request) });
  });

  async function readUser(request: Request): Promise<string> {
    const token = readBearer(request.get('authorization'));
    if (!token)
      throw new HttpProblem(401, 'token_missing', 'Send a token');
    return (await verifier.verify(token)).subject;
  }

  app.use(answerNotFound, answerErrors(log));
  return app;
}

function readToken(request: Request): string {
  const token = readRefreshToken(request.get('cookie'));
  if (!token) throw new RefreshError();
  return token;
}
