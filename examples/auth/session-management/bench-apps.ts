import { randomBytes } from 'node:crypto';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { fromNodeHeaders } from 'better-auth/node';
import connectPgSimple from 'connect-pg-simple';
import express from 'express';
import session, { type Store } from 'express-session';
import type { Pool } from 'pg';
import type { Sessions } from './session.ts';
import { giveToken, readToken } from './session-cookie.ts';

// Each app answers POST /login and GET /me. No password is hashed:
// that would cost all of them the same.

/** This pattern, with one of its stores. */
export function createPatternApp(sessions: Sessions) {
  const app = express().use(express.json());
  app.post('/login', async (request, response) => {
    const { userId } = request.body;
    const token = await sessions.begin({ userId, device: 'bench' });
    const cookie = giveToken(token, sessions.lifetimeSeconds);
    response.append('set-cookie', cookie).json({});
  });
  app.get('/me', async (request, response) => {
    const token = readToken(request.headers.cookie) ?? '';
    const found = await sessions.read(token);
    if (!found) throw new Error('the bench lost its session');
    response.json({ userId: found.userId });
  });
  return app;
}

/** The best known library, with a store for it. */
export function createExpressSessionApp(store: Store) {
  const secret = randomBytes(32).toString('hex');
  const cookie = { maxAge: 7 * 24 * 60 * 60 * 1000 };
  const app = express().use(
    express.json(),
    session({
      store,
      secret,
      cookie,
      resave: false,
      saveUninitialized: false,
    }),
  );
  app.post('/login', (request, response, next) => {
    request.session.regenerate((error) => {
      if (error) return next(error);
      request.session.user = request.body.userId;
      response.json({});
    });
  });
  app.get('/me', (request, response) => {
    if (!request.session.user)
      throw new Error('the bench lost its session');
    response.json({ userId: request.session.user });
  });
  return app;
}

/** A store in Postgres; with `disableTouch`, a request that changes nothing writes nothing. */
export function createPgStore(
  pool: Pool,
  disableTouch: boolean,
): Store {
  return new (connectPgSimple(session))({
    pool,
    pruneSessionInterval: false,
    disableTouch,
  });
}

/** Better Auth on the same database: its session is a row of Postgres too. */
export async function createBetterAuthApp(pool: Pool) {
  const auth = betterAuth({
    database: pool,
    baseURL: 'http://localhost',
    secret: randomBytes(32).toString('base64url'),
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    logger: { disabled: true },
  });
  await (await getMigrations(auth.options)).runMigrations();
  const app = express().use(express.json());
  app.post('/login', async (_request, response) => {
    const name = randomBytes(8).toString('hex');
    const email = `${name}@example.com`;
    const body = { name, email, password: 'correct horse battery' };
    const { headers } = await auth.api.signUpEmail({
      body,
      returnHeaders: true,
    });
    response.set('set-cookie', headers.getSetCookie()).json({});
  });
  app.get('/me', async (request, response) => {
    const headers = fromNodeHeaders(request.headers);
    const found = await auth.api.getSession({ headers });
    if (!found) throw new Error('the bench lost its session');
    response.json({ userId: found.user.id });
  });
  return app;
}
