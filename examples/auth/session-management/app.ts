import express, { type Request, type Response } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import type { startHealth } from '../../observability/health-checks-and-graceful-shutdown/health.ts';
import { authenticate, requireCode } from './authenticate.ts';
import { createSameOriginGuard } from './same-origin.ts';
import type { Sessions } from './session.ts';
import { giveToken, NO_TOKEN, readToken } from './session-cookie.ts';

type AppOptions = {
  sessions: Sessions;
  pool: Pool;
  /** Where the pages are: `https://shop.example.com`. */
  origin: string;
  health: Pick<ReturnType<typeof startHealth>, 'answer'>;
  log: Parameters<typeof answerErrors>[0];
};

const HOUR_MS = 60 * 60 * 1000;
const email = z.email().max(254).toLowerCase();
const parseLogin = createRequestParser({
  body: z.strictObject({ email, password: z.string().max(128) }),
});
const parseCode = createRequestParser({
  body: z.strictObject({ code: z.string().max(10) }),
});
const parseSettings = createRequestParser({
  body: z.strictObject({
    theme: z.string().nullable().optional(),
    language: z.string().nullable().optional(),
  }),
});

/** A small shop that knows who is logged in, and where. */
export function createApp(options: AppOptions) {
  const { sessions, pool, origin, health, log } = options;
  const requireSameOrigin = createSameOriginGuard(origin);
  const app = express().disable('x-powered-by');

  // #region wire
  app.use((request, response, next) => {
    if (health.answer(request, response)) return;
    requireSameOrigin(request);
    response.set('cache-control', 'no-store');
    next();
  });

  app.post('/sessions', async (request, response) => {
    const { body } = await parseLogin(request);
    const userId = await authenticate(pool, body);
    const old = readToken(request.headers.cookie);
    if (old) await sessions.logout(old);
    const device = request.get('user-agent') ?? 'unknown';
    const token = await sessions.begin({ userId, device });
    give(response, token);
    response.status(201).json({ userId });
  });

  app.post('/sessions/current/factors', async (request, response) => {
    const { token } = await requireSession(request);
    requireCode((await parseCode(request)).body.code);
    const mfaAt = new Date().toISOString();
    const next = await sessions.renew(token, { mfaAt });
    if (!next) throw refuse();
    give(response, next);
    response.status(204).end();
  });

  function give(response: Response, token: string) {
    const cookie = giveToken(token, sessions.lifetimeSeconds);
    // `set` would remove the cookies of others.
    response.append('set-cookie', cookie);
  }

  async function requireSession(request: Request) {
    const token = readToken(request.headers.cookie);
    const session = token && (await sessions.read(token));
    if (!session) throw refuse();
    return { token, session };
  }
  // #endregion wire

  app.get('/me', async (request, response) => {
    const { session } = await requireSession(request);
    response.json({ userId: session.userId, ...session.data });
  });

  app.get('/admin', async (request, response) => {
    const { session } = await requireSession(request);
    const { mfaAt = '' } = session.data;
    if (!(Date.now() - Date.parse(mfaAt) < HOUR_MS))
      throw new HttpProblem(
        403,
        'second_factor_missing',
        'Send a code',
      );
    response.json({ orders: 12 });
  });

  app.patch('/settings', async (request, response) => {
    const { token } = await requireSession(request);
    const { body } = await parseSettings(request);
    if (!(await sessions.change(token, body))) throw refuse();
    response.status(204).end();
  });

  app.get('/sessions', async (request, response) => {
    const { session } = await requireSession(request);
    const devices = await sessions.list(session.userId);
    response.json(
      devices.map(({ id, device, usedAt }) => {
        return { id, device, usedAt, isThis: id === session.id };
      }),
    );
  });

  app.delete('/sessions/current', async (request, response) => {
    const token = readToken(request.headers.cookie);
    if (token) await sessions.logout(token);
    response.append('set-cookie', NO_TOKEN).status(204).end();
  });

  app.delete('/sessions/:id', async (request, response) => {
    const { session } = await requireSession(request);
    const { userId } = session;
    if (!(await sessions.logoutDevice(userId, request.params.id)))
      throw new HttpProblem(404, 'session_not_found', 'It is over');
    response.status(204).end();
  });

  app.delete('/sessions', async (request, response) => {
    const { session } = await requireSession(request);
    const { userId, id: except } = session;
    await sessions.logoutEverywhere(userId, { except });
    response.status(204).end();
  });

  app.use(answerNotFound, answerErrors(log));
  return app;
}

function refuse(): HttpProblem {
  return new HttpProblem(401, 'session_over', 'Log in again');
}
