import {
  answerErrors,
  answerNotFound,
  HttpProblem,
} from '@touchstone/kit/app/problems';
import express, { type Request } from 'express';
import type { createAccess, Session } from './access.ts';
import type { EventLog } from './event-log.ts';
import type { createEventStreams } from './event-streams.ts';
import {
  eventId,
  guest,
  guestName,
  newEvent,
  topicName,
} from './input.ts';
import {
  cookieOptions,
  readToken,
  SESSION_COOKIE,
} from './session-cookie.ts';

type Services = {
  access: ReturnType<typeof createAccess>;
  eventLog: EventLog;
  streams: ReturnType<typeof createEventStreams>;
  log: { error: (message: string, details: object) => void };
};

/** Topics of a small API: an owner appends, readers stream. */
export function createApp(services: Services) {
  const { access, eventLog, streams, log } = services;
  const app = express().disable('x-powered-by');
  app.use(express.json({ limit: '100kb' }));

  app.post('/sessions', async (request, response) => {
    const { name } = guest.parse(request.body);
    const { token, expiresAt } = await access.createSession(name);
    response
      .cookie(SESSION_COOKIE, token, cookieOptions)
      .status(201)
      .json({ name, expiresAt });
  });

  app.put('/topics/:topic', async (request, response) => {
    const { name } = await authenticate(request);
    const topic = topicName.parse(request.params.topic);
    if (!(await access.createTopic(topic, name)))
      throw new HttpProblem(409, 'topic_taken', 'Choose another name');
    response.status(201).json({ topic });
  });

  app.post('/topics/:topic/events', async (request, response) => {
    const topic = await requireOwner(request);
    const { type, data } = newEvent.parse(request.body);
    const id = await eventLog.append({ topic, type, data });
    response.status(201).json({ id });
  });

  app.get('/topics/:topic/events', async (request, response) => {
    const { name, expiresAt } = await authenticate(request);
    const topic = topicName.parse(request.params.topic);
    // The header is newer: a browser repeats the URL it began with.
    const after = eventId.parse(
      request.get('last-event-id') ?? request.query.after,
    );
    const mayRead = () => access.mayRead(topic, name);
    const reader = { topic, after, mayRead, until: expiresAt };
    await streams.follow(reader, response);
  });

  app
    .route('/topics/:topic/readers/:name')
    .put(async (request, response) => {
      const topic = await requireOwner(request);
      await access.grant(topic, guestName.parse(request.params.name));
      response.status(204).end();
    })
    .delete(async (request, response) => {
      const topic = await requireOwner(request);
      await access.revoke(topic, guestName.parse(request.params.name));
      response.status(204).end();
    });

  async function requireOwner(request: Request<{ topic: string }>) {
    const { name } = await authenticate(request);
    const topic = topicName.parse(request.params.topic);
    if (await access.isOwner(topic, name)) return topic;
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
