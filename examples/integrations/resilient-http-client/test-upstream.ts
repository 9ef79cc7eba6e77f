import type { RequestListener } from 'node:http';
import { promisify } from 'node:util';
import { listen } from '@touchstone/kit/app/http';
import {
  createHttpClient,
  type HttpClientOptions,
} from './http-client.ts';
import type { HttpClientError } from './http-client-error.ts';

/** A server that answers as a test wants, and counts what it sees. */
export async function startUpstream(answer: RequestListener) {
  const seen: string[] = [];
  const listening = await listen(
    (request, response) => {
      seen.push(`${request.method} ${request.url}`);
      answer(request, response);
    },
    { graceSeconds: 0 },
  );
  const { server, url } = listening;
  // Only a client that is closed gives its connections up.
  server.keepAliveTimeout = 600_000;
  let connections = 0;
  server.on('connection', () => connections++);
  return {
    url,
    server,
    seen,
    /** Of all connections so far, and of those that are open. */
    countConnections: () => connections,
    countOpen: promisify(server.getConnections.bind(server)),
    [Symbol.asyncDispose]: () => listening[Symbol.asyncDispose](),
  };
}

/** A client for upstreams on this machine. */
export function createTestClient(options: HttpClientOptions = {}) {
  return createHttpClient({
    allowAddress: () => true,
    ...options,
  });
}

/** The error of a call that must have no answer. */
export async function failOf(
  call: Promise<unknown>,
): Promise<Pick<HttpClientError, 'code' | 'sent' | 'attempts'>> {
  const error = await call.then(
    () => new Error('there is an answer'),
    (error: HttpClientError) => error,
  );
  if (!('attempts' in error)) throw error;
  const { code, sent, attempts } = error;
  return { code, sent, attempts };
}
