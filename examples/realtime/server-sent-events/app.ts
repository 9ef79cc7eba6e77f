import express, { type Request } from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import type { createAccess, Session } from './access.ts';
import type { createEventStreams } from './event-streams.ts';
import type { createRides } from './rides.ts';
import {
  cookieOptions,
  readToken,
  SESSION_COOKIE,
} from './session-cookie.ts';

type Services = {
  access: ReturnType<typeof createAccess>;
  rides: ReturnType<typeof createRides>;
  streams: Pick<ReturnType<typeof createEventStreams>, 'follow'>;
  log: Parameters<typeof answerErrors>[0];
};

const ride = z.string().regex(/^[a-z0-9-]{1,64}$/);
const name = z.string().min(1).max(64);
const place = z
  .string()
  .regex(/^\d{0,15}$/)
  .transform((text) => (text === '' ? undefined : Number(text)))
  .optional();

const parseLogin = createRequestParser({
  body: z.strictObject({ name }),
});
const parseRide = createRequestParser({
  params: z.strictObject({ ride }),
});
const parseReader = createRequestParser({
  params: z.strictObject({ ride, name }),
});
const parseMove = createRequestParser({
  params: z.strictObject({ ride }),
  body: z.strictObject({ km: z.number().min(0) }),
});
const parseFollow = createRequestParser({
  params: z.strictObject({ ride }),
  query: z.strictObject({ after: place }),
  headers: z.strictObject({ 'last-event-id': place }),
});

/** Rides of a small API: the owner moves, readers follow. */
export function createApp({ access, rides, streams, log }: Services) {
  const app = express().disable('x-powered-by');

  app
    .route('/sessions')
    .post(async (request, response) => {
      const { body } = await parseLogin(request);
      const { token } = await access.createSession(body.name);
      response.cookie(SESSION_COOKIE, token, cookieOptions);
      response.status(201).json(body);
    })
    .delete(async (request, response) => {
      const { key } = await authenticate(request);
      await access.endSession(key);
      response.status(204).end();
    });

  app
    .route('/rides/:ride')
    .put(async (request, response) => {
      const { name: owner } = await authenticate(request);
      const { params } = await parseRide(request);
      if (!(await rides.create(params.ride, owner)))
        throw new HttpProblem(409, 'ride_taken', 'Choose another name');
      response.status(201).json(params);
    })
    .get(async (request, response) => {
      const { key } = await authenticate(request);
      const { params } = await parseRide(request);
      const readers = await access.findReaders(params.ride, [key]);
      if (readers.length === 0)
        throw new HttpProblem(403, 'not_a_reader', 'Ask its owner');
      response.json(await rides.find(params.ride));
    });

  app.post('/rides/:ride/moves', async (request, response) => {
    await requireOwner(request);
    const { params, body } = await parseMove(request);
    const id = await rides.move(params.ride, body.km);
    response.status(201).json({ id });
  });

  app.get('/rides/:ride/events', async (request, response) => {
    const { key, until } = await authenticate(request);
    const { params, query, headers } = await parseFollow(request);
    // The header is newer: a browser repeats the URL it began with.
    const after = headers['last-event-id'] ?? query.after;
    const reader = { topic: params.ride, key, after, until };
    await streams.follow(reader, response);
  });

  app
    .route('/rides/:ride/readers/:name')
    .put(async (request, response) => {
      await requireOwner(request);
      const { params } = await parseReader(request);
      await access.grant(params.ride, params.name);
      response.status(204).end();
    })
    .delete(async (request, response) => {
      await requireOwner(request);
      const { params } = await parseReader(request);
      await access.revoke(params.ride, params.name);
      response.status(204).end();
    });

  async function requireOwner(request: Request<{ ride: string }>) {
    const session = await authenticate(request);
    if (await access.isOwner(request.params.ride, session.name)) return;
    throw new HttpProblem(403, 'not_the_owner', 'Ask its owner');
  }

  async function authenticate({ headers }: Request): Promise<Session> {
    const token = readToken(headers.cookie);
    const session = token && (await access.findSession(token));
    if (session) return session;
    throw new HttpProblem(401, 'no_session', 'POST /sessions first');
  }

  return app.use(answerNotFound, answerErrors(log));
}
