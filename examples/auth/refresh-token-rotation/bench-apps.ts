import { randomBytes } from 'node:crypto';
import connectPgSimple from 'connect-pg-simple';
import express, { type Request } from 'express';
import session from 'express-session';
import type { Pool } from 'pg';
import { createServices } from './create-services.ts';
import { createNaiveTokens } from './naive.ts';
import type { Session } from './refresh-tokens.ts';
import { createSecrets } from './secrets.ts';
import { readSettings } from './settings.ts';

// Each app answers POST /login, POST /refresh and GET /me. No password
// is hashed: that would cost all of them the same 300 ms.

/** This pattern. */
export function createPatternApp(pool: Pool) {
  const settings = readSettings(createSecrets());
  const services = createServices({ pool, log: console, ...settings });
  const { refreshTokens, issuer, verifier } = services;
  const toTokens = async ({ userId, refreshToken }: Session) => {
    const grant = { subject: userId, clientId: 'web' };
    return { accessToken: await issuer.issue(grant), refreshToken };
  };

  const app = express().use(express.json());
  app.post('/login', async (request, response) => {
    response.json(
      await toTokens(await refreshTokens.issue(request.body.userId)),
    );
  });
  app.post('/refresh', async (request, response) => {
    response.json(
      await toTokens(
        await refreshTokens.rotate(request.body.refreshToken),
      ),
    );
  });
  app.get('/me', async (request, response) => {
    const { subject } = await verifier.verify(readBearer(request));
    response.json({ userId: subject });
  });
  return app;
}

/** JSON Web Tokens for everything, and no table. */
export function createNaiveApp() {
  const tokens = createNaiveTokens({ secret: randomBytes(32) });
  const app = express().use(express.json());
  app.post('/login', async (request, response) => {
    response.json(await tokens.issue(request.body.userId));
  });
  app.post('/refresh', async (request, response) => {
    response.json(await tokens.refresh(request.body.refreshToken));
  });
  app.get('/me', async (request, response) => {
    response.json(await tokens.verify(readBearer(request)));
  });
  return app;
}

/** The best known library for sessions, on the same database; a refresh is a new session id. */
export function createSessionApp(pool: Pool) {
  const store = new (connectPgSimple(session))({
    pool,
    createTableIfMissing: true,
    pruneSessionInterval: false,
    // Else each GET writes the new end of the session.
    disableTouch: true,
  });
  const secret = randomBytes(32).toString('hex');
  const app = express().use(
    express.json(),
    session({ store, secret, resave: false, saveUninitialized: false }),
  );
  app.post('/login', (request, response) => {
    Object.assign(request.session, { userId: request.body.userId });
    response.json({});
  });
  app.post('/refresh', (request, response, next) => {
    const { userId } = readSession(request);
    request.session.regenerate((error) => {
      if (error) return next(error);
      Object.assign(request.session, { userId });
      response.json({});
    });
  });
  app.get('/me', (request, response) => {
    response.json(readSession(request));
  });
  return app;
}

function readSession({ session }: Request): { userId: string } {
  if (!('userId' in session))
    throw new Error('the bench lost its session');
  return { userId: `${session.userId}` };
}

function readBearer(request: Request): string {
  return `${request.get('authorization')}`.slice('Bearer '.length);
}
