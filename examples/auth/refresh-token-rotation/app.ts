import {
  answerErrors,
  answerNotFound,
  HttpProblem,
} from '@touchstone/kit/app/problems';
import express, { type Request } from 'express';
import { z } from 'zod';
import {
  AccessTokenError,
  type createAccessTokens,
} from './access-tokens.ts';
import type { createRefreshTokens, Session } from './refresh-tokens.ts';
import type { createUsers } from './users.ts';

type Services = {
  users: ReturnType<typeof createUsers>;
  refreshTokens: ReturnType<typeof createRefreshTokens>;
  accessTokens: ReturnType<typeof createAccessTokens>;
  log: { error: (message: string, details: object) => void };
};

const credentials = z.strictObject({
  email: z.email().max(254).toLowerCase(),
  password: z.string().min(12).max(128),
});
const refresh = z.strictObject({ refreshToken: z.string().length(43) });

/** The sessions of a small API: log in, refresh, look, log out. */
export function createApp(services: Services) {
  const { users, refreshTokens, accessTokens, log } = services;
  const app = express().disable('x-powered-by');
  app.use(express.json({ limit: '4kb' }));

  app.post('/users', async (request, response) => {
    const { email, password } = credentials.parse(request.body);
    const id = await users.register(email, password);
    if (!id)
      throw new HttpProblem(409, 'email_taken', 'Log in instead');
    response.status(201).json({ id });
  });

  app.post('/sessions', async (request, response) => {
    const { email, password } = credentials.parse(request.body);
    const userId = await users.authenticate(email, password);
    if (!userId)
      throw new HttpProblem(401, 'wrong_credentials', 'Try again');
    const session = await refreshTokens.issue(userId);
    response.status(201).json(await toTokens(session));
  });

  app.post('/sessions/refresh', async (request, response) => {
    const { refreshToken } = refresh.parse(request.body);
    const session = await refreshTokens.rotate(refreshToken);
    response.json(await toTokens(session));
  });

  app.delete('/sessions/current', async (request, response) => {
    const { familyId } = await authorise(request);
    await refreshTokens.logout(familyId);
    response.status(204).end();
  });

  app.delete('/sessions', async (request, response) => {
    const { userId } = await authorise(request);
    await refreshTokens.logoutEverywhere(userId);
    response.status(204).end();
  });

  app.get('/me', async (request, response) => {
    const { userId } = await authorise(request);
    response.json({ userId });
  });

  app.get('/.well-known/jwks.json', (_request, response) => {
    response.set('cache-control', 'public, max-age=300');
    response.json(accessTokens.jwks);
  });

  async function toTokens(session: Session) {
    const { refreshToken } = session;
    const accessToken = await accessTokens.sign(session);
    const expiresIn = accessTokens.lifetimeSeconds;
    return { accessToken, expiresIn, refreshToken };
  }

  async function authorise(request: Request) {
    const [, token] =
      /^Bearer (\S+)$/i.exec(request.get('authorization') ?? '') ?? [];
    if (!token) throw new AccessTokenError('Send an access token');
    return accessTokens.verify(token);
  }

  app.use(answerNotFound, answerErrors(log));
  return app;
}
