import type { ServerResponse } from 'node:http';
import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { createClient } from '@touchstone/kit/testing/client';
import { createTestLog } from '@touchstone/kit/testing/log';
import { testClock } from '@touchstone/kit/time/clock';
import { type AppOptions, openApp } from './open-app.ts';
import { openStream } from './test-reader.ts';

/** A database with the schema in it, for one test or more apps. */
export const openDatabase = () =>
  freshDatabase({ schema: new URL('schema.sql', import.meta.url) });

/** The app on a socket and a database of its own, with Ada, who owns the ride `ride`. */
export async function startTestApp(options: Partial<AppOptions> = {}) {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await openDatabase());
  const app = stack.use(await startTestProcess(database.url, options));
  const ada = await createGuest(app.url, 'ada');
  await ada.create('ride');
  return {
    ...app,
    database,
    ada,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** One process of the app; several may share a database. No heartbeat helps: events come by notifications, or not at all. */
export async function startTestProcess(
  databaseUrl: string,
  options: Partial<AppOptions> = {},
) {
  const clock = testClock();
  const log = createTestLog();
  const { app, close, ...opened } = openApp({
    databaseUrl,
    log,
    clock,
    heartbeatSeconds: 3600,
    retryMilliseconds: 20,
    ...options,
  });
  const server = await listen(app, { graceSeconds: 1 });
  const responses: ServerResponse[] = [];
  server.server.on('request', (_request, response) => {
    responses.push(response);
  });

  async function dispose() {
    opened.streams.stop();
    await server[Symbol.asyncDispose]();
    await close();
  }
  return {
    ...opened,
    url: server.url,
    clock,
    responses,
    append: (data: unknown, topic = 'ride') =>
      opened.eventLog.append({ topic, type: 'moved', data }),
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
