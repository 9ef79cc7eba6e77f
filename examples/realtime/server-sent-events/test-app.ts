import type { ServerResponse } from 'node:http';
import { listen } from '@touchstone/kit/app/http';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { testClock } from '@touchstone/kit/time/clock';
import type { Pool } from 'pg';
import { createAccess } from './access.ts';
import { createApp } from './app.ts';
import { createEventLog } from './event-log.ts';
import {
  createEventStreams,
  type EventStreamsOptions,
} from './event-streams.ts';
import { createGuest } from './test-client.ts';
import {
  startTopicListener,
  type TopicListenerOptions,
} from './topic-listener.ts';

/** What a test may want otherwise. */
export type TestAppOptions = Partial<EventStreamsOptions> &
  Pick<Partial<TopicListenerOptions>, 'pingSeconds'> & {
    /** Where its listening connection goes, such as a proxy that breaks. */
    listenUrl?: (url: string) => string;
  };

/** The app on a socket and a database of its own, with Ada, who owns the topic `ride`. */
export async function startTestApp(options: TestAppOptions = {}) {
  const database = await freshDatabase({
    schema: new URL('schema.sql', import.meta.url),
  });
  const process = await startTestProcess(database, options);
  const ada = await createGuest(process.url, 'ada');
  await ada.createTopic('ride');

  async function dispose() {
    await process[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }
  return {
    ...process,
    database,
    pool: database.pool,
    ada,
    [Symbol.asyncDispose]: dispose,
  };
}

/** One process of the app; several may share a database. */
export async function startTestProcess(
  database: { pool: Pool; url: string },
  options: TestAppOptions = {},
) {
  const { listenUrl = (url: string) => url, ...settings } = options;
  const { pool } = database;
  const clock = testClock();
  const log = createTestLog();
  const eventLog = createEventLog({ pool });
  const services = { eventLog, clock, log };
  const streams = createEventStreams({
    ...services,
    retryMilliseconds: 20,
    ...settings,
  });
  const listener = startTopicListener({
    log,
    url: listenUrl(database.url),
    wake: streams.wake,
    retryMilliseconds: 20,
    ...settings,
  });
  const access = createAccess({ pool, clock });
  const server = await listen(
    createApp({ access, eventLog, streams, log }),
    { graceSeconds: 1 },
  );
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
    warnings: log.warnings,
    [Symbol.asyncDispose]: dispose,
  };
}

function createTestLog() {
  const warnings: string[] = [];
  return {
    warnings,
    warn: (message: string) => void warnings.push(message),
    error: console.error,
  };
}
