import express, { type Request, type Response } from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import type { createAccessTokenIssuer } from './issue-access-tokens.ts';
import {
  type createAccessTokenVerifier,
  readBearer,
} from './verify-access-tokens.ts';

type Log = Parameters<typeof answerErrors>[0];
type Issuer = ReturnType<typeof createAccessTokenIssuer>;
type Verifier = ReturnType<typeof createAccessTokenVerifier>;

const parseLogin = createRequestParser({
  body: z.strictObject({ user: z.string().min(1).max(40) }),
});

/** The authorization server; how it knows the user is not shown. */
export function createIssuerApp(issuer: Issuer, log: Log) {
  const app = express().disable('x-powered-by');

  app.post('/tokens', async (request, response) => {
    const { user } = (await parseLogin(request)).body;
    const grant = { subject: user, clientId: 'shop-app' };
    const accessToken = await issuer.issue(grant);
    response.set('cache-control', 'no-store'); // RFC 6749 §5.1
    response.json({ accessToken, expiresIn: issuer.lifetimeSeconds });
  });

  app.get('/.well-known/jwks.json', (_request, response) => {
    response.set('cache-control', 'public, max-age=300');
    response.json(issuer.jwks);
  });

  app.use(answerNotFound, answerErrors(log, translateZodError));
  return app;
}

// #region wire-api
/** An API on another machine: it has the issuer's URL and no secret. */
export function createApiApp({ verify }: Verifier, log: Log) {
  const app = express().disable('x-powered-by');

  app.get('/me', async (request: Request, response: Response) => {
    const token = readBearer(request.get('authorization'));
    if (!token)
      throw new HttpProblem(401, 'token_missing', 'Send a token');
    const { subject } = await verify(token);
    response.json({ subject });
  });

  app.use(answerNotFound, answerErrors(log));
  return app;
}
// #endregion wire-api
