import type { ServerResponse } from 'node:http';
import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createClient } from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import { testClock } from '@touchstone/kit/time/clock';
import type { Pool } from 'pg';
import { createAccess } from './access.ts';
import { createApp } from './app.ts';
import { createEventLog } from './event-log.ts';
import {
  createEventStreams,
  type EventStreamsOptions,
} from './event-streams.ts';
import { createRides } from './rides.ts';
import { openStream } from './test-reader.ts';
import {
  startTopicListener,
  type TopicListenerOptions,
} from './topic-listener.ts';

/** What a test may want otherwise. */
export type TestAppOptions = Partial<EventStreamsOptions> &
  Pick<Partial<TopicListenerOptions>, 'pingSeconds'> & {
    /** Where its listening connection goes, such as a proxy that breaks. */
    listenUrl?: string;
  };

/** A database with the schema in it, for one test or more apps. */
export const openDatabase = () =>
  freshDatabase({ schema: new URL('schema.sql', import.meta.url) });

/** The app on a socket and a database of its own, with Ada, who owns the ride `ride`. */
export async function startTestApp(options: TestAppOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await openDatabase());
  const process = stack.use(await startTestProcess(database, options));
  const ada = await createGuest(process.url, 'ada');
  await ada.create('ride');
  const opened = stack.move();
  return {
    ...process,
    database,
    pool: database.pool,
    ada,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** One process of the app; several may share a database. No heartbeat helps: events come by notifications, or not at all. */
export async function startTestProcess(
  database: { pool: Pool; url: string },
  options: TestAppOptions = {},
) {
  const { listenUrl = database.url, ...settings } = options;
  const { pool } = database;
  const clock = testClock();
  const log = createTestLog();
  const eventLog = createEventLog({ db: pool });
  const access = createAccess({ pool, clock });
  const { findReaders } = access;
  const streams = createEventStreams({
    eventLog,
    findReaders,
    clock,
    log,
    heartbeatSeconds: 3600,
    retryMilliseconds: 20,
    ...settings,
  });
  const { wake } = streams;
  const listener = startTopicListener({
    log,
    url: listenUrl,
    wake,
    retryMilliseconds: 20,
    ...settings,
  });
  const rides = createRides({ pool, eventLog });
  const app = createApp({ access, rides, streams, log });
  const server = await listen(app, { graceSeconds: 1 });
  const responses: ServerResponse[] = [];
  server.server.on('request', (_request, response) => {
    responses.push(response);
  });

  async function dispose() {
    streams.stop();
    await listener.stop();
    await server[Symbol.asyncDispose]();
  }
  return {
    url: server.url,
    clock,
    streams,
    eventLog,
    access,
    responses,
    append: (data: unknown, topic = 'ride') =>
      eventLog.append({ topic, type: 'moved', data }),
    warnings: () => log.entries.map(({ message }) => message),
    [Symbol.asyncDispose]: dispose,
  };
}

/** Where a stream begins, and at which process. */
type StreamAt = { after?: number; lastEventId?: number; url?: string };

/** A guest of the app, who has a cookie. */
export async function createGuest(url: string, name: string) {
  const { headers } = await createClient(url)('POST', '/sessions', {
    body: { name },
  });
  const cookie = `${headers.get('set-cookie')}`.split(';')[0] ?? '';
  const send = createClient(url, { cookie });
  const readerPath = (ride: string, reader: string) =>
    `/rides/${ride}/readers/${reader}`;

  function stream(ride: string, at: StreamAt = {}) {
    const { after, lastEventId } = at;
    const query = after === undefined ? '' : `?after=${after}`;
    const place = `${at.url ?? url}/rides/${ride}/events${query}`;
    return openStream(place, {
      cookie,
      ...(lastEventId !== undefined && {
        'last-event-id': `${lastEventId}`,
      }),
    });
  }

  return {
    cookie,
    send,
    stream,
    logOut: () => send('DELETE', '/sessions'),
    create: (ride: string) => send('PUT', `/rides/${ride}`),
    move: (ride: string, km: number) =>
      send('POST', `/rides/${ride}/moves`, { body: { km } }),
    grant: (ride: string, reader: string) =>
      send('PUT', readerPath(ride, reader)),
    revoke: (ride: string, reader: string) =>
      send('DELETE', readerPath(ride, reader)),
  };
}
