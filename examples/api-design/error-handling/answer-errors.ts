import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, HttpProblem, toAnswer } from './http-problem.ts';

type Log = {
  error: (message: string, details: object) => void;
  info?: (message: string, details: object) => void;
};

type Request = IncomingMessage & {
  originalUrl?: string;
  route?: { methods?: Record<string, boolean> };
};

// #region answer-errors
/** The last middleware; `translate` makes problems of your errors. */
export function answerErrors(
  log: Log,
  translate: (error: unknown) => unknown = (error) => error,
) {
  return function answerError(
    error: unknown,
    request: Request,
    response: ServerResponse,
    _next: unknown, // Express counts the arguments
  ): void {
    const exchange = { log, request, response };
    try {
      answer(translate(error), exchange);
    } catch (fault) {
      // A header that cannot be sent, a translation with a bug.
      const message = 'An error had no answer';
      answer(new AggregateError([fault, error], message), exchange);
    }
  };
}

function answer(error: unknown, { log, request, response }: Exchange) {
  const place = locate(request);
  // A pipeline of ours that fails destroys the socket as well.
  const isGone = request.socket.destroyed && !response.errored;
  if (isGone && isAbort(error, request))
    return log.info?.('client went away', place);
  if (response.headersSent && !response.writableEnded) {
    // Cut off, the client sees that the answer is not whole.
    response.destroy();
    return log.error('answer broke off', { ...place, error });
  }
  const { problem, headers } = toAnswer(error);
  if (!response.headersSent) send(response, { problem, headers });
  // With Retry-After it is known: under load, a line each is a flood.
  if (problem.status >= 500 && !('retry-after' in headers))
    log.error('request failed', { ...place, error });
}
// #endregion answer-errors

type Exchange = {
  log: Log;
  request: Request;
  response: ServerResponse;
};

// #region send-problem
// What the handler set for the body that it did not send.
const ABOUT_THE_BODY =
  /^(content-(?!security)|transfer-|trailer|etag|last-mod|expires|accept-ranges|.*cache-control|surrogate)/;

function send(response: ServerResponse, answer: Answer): void {
  const body = JSON.stringify(answer.problem);
  for (const name of response.getHeaderNames())
    if (ABOUT_THE_BODY.test(name)) response.removeHeader(name);
  response.statusCode = answer.problem.status;
  response.statusMessage = answer.problem.title;
  const headers = {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...answer.headers,
    'content-type': 'application/problem+json',
    'content-length': `${Buffer.byteLength(body)}`,
  };
  response.setHeaders(new Map(Object.entries(headers)));
  response.end(body);
}
// #endregion send-problem

// #region client-went-away
const ABORTS = new Set<unknown>([
  'AbortError',
  'ECONNABORTED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_UNABLE_TO_PIPE',
]);

/**
 * Only what an abort throws. A database that is down is an error also
 * when all its callers gave up first.
 */
function isAbort(error: unknown, request: Request, depth = 0): boolean {
  if (!(error instanceof Error) || depth > 5) return false;
  return (
    error === request.errored ||
    ABORTS.has(error.name) ||
    ('code' in error && ABORTS.has(error.code)) ||
    isAbort(error.cause, request, depth + 1)
  );
}
// #endregion client-went-away

/** Without the query: it may hold a token. */
function locate({ method, originalUrl, url }: Request) {
  const path = `${originalUrl ?? url}`.replace(/\?.*/, '');
  return { method, path };
}

// #region not-found
/** Answers what no route answered. */
export function answerNotFound(): never {
  const advice = 'There is nothing at this path';
  throw new HttpProblem(404, 'not_found', advice);
}

/** The last handler of a route: `app.route(path).get(…).all(refuseMethod)`. */
export function refuseMethod(
  request: Request,
  response: ServerResponse,
) {
  const { _all, ...methods } = request.route?.methods ?? {};
  const names = Object.keys(methods);
  if (names.includes('get')) names.push('head');
  const allow = names.join(', ').toUpperCase();
  if (request.method === 'OPTIONS')
    return void response.writeHead(204, { allow }).end();
  const advice = `${request.method} is not one of ${allow}`;
  // RFC 9110 §15.5.6: a 405 must say what is allowed.
  throw new HttpProblem(405, 'method_not_allowed', advice, {
    headers: { allow },
  });
}
// #endregion not-found
