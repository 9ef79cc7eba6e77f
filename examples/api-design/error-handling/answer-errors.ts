import type { IncomingMessage, ServerResponse } from 'node:http';
import { describeError, listCauses } from './describe-error.ts';
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
    const handling = { log, request, response };
    try {
      handle(translate(error), handling);
    } catch (fault) {
      // A header that cannot be sent, a translation with a bug.
      const message = 'An error had no answer';
      handle(new AggregateError([fault, error], message), handling);
    }
  };
}

function handle(error: unknown, { log, request, response }: Handling) {
  const details = { ...locate(request), error: describeError(error) };
  // A pipeline of ours that fails destroys the socket as well.
  if (request.socket.destroyed && !response.errored) {
    if (isOfTheirLeaving(error, request))
      log.info?.('client went away', locate(request));
    else if (isOurs(error)) log.error('request failed', details);
  } else if (response.headersSent) {
    // Cut off, the client sees that the answer is not whole.
    if (!response.writableEnded) response.destroy();
    log.error('answer broke off', details);
  } else {
    sendProblem(response, toAnswer(error));
    if (isOurs(error)) log.error('request failed', details);
  }
}
// #endregion answer-errors

type Handling = {
  log: Log;
  request: Request;
  response: ServerResponse;
};

// #region send-problem
// What the handler had set for the answer that it did not give.
const ABOUT_THE_OTHER_BODY = [
  'content-encoding',
  'content-language',
  'content-range',
  'content-disposition',
  'etag',
  'last-modified',
  'expires',
];

function sendProblem(response: ServerResponse, answer: Answer): void {
  const { problem, headers } = answer;
  const body = JSON.stringify(problem);
  for (const name of ABOUT_THE_OTHER_BODY) response.removeHeader(name);
  response.statusCode = problem.status;
  response.statusMessage = problem.title;
  response.setHeaders(
    new Map(
      Object.entries({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        ...headers,
        'content-type': 'application/problem+json',
        'content-length': `${Buffer.byteLength(body)}`,
      }),
    ),
  );
  response.end(body);
}
// #endregion send-problem

/** Who says when to come back knows what is wrong; a line for each would be a flood. */
function isOurs(error: unknown): boolean {
  const { problem, headers } = toAnswer(error);
  return problem.status >= 500 && !('retry-after' in headers);
}

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
function isOfTheirLeaving(error: unknown, request: Request): boolean {
  return listCauses(error).some(
    (cause) =>
      cause instanceof Error &&
      (cause === request.errored ||
        ABORTS.has(cause.name) ||
        ('code' in cause && ABORTS.has(cause.code))),
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
  throw new HttpProblem(
    404,
    'not_found',
    'There is nothing at this path',
  );
}

/** The last handler of a route: `app.route(path).get(…).all(refuseMethod)`. */
export function refuseMethod(
  request: Request,
  response: ServerResponse,
) {
  const { _all, ...methods } = request.route?.methods ?? {};
  if (methods.get) methods.head = true;
  const allow = Object.keys(methods).join(', ').toUpperCase();
  if (request.method === 'OPTIONS') {
    response.writeHead(204, { allow }).end();
    return;
  }
  const { method } = request;
  throw new HttpProblem(
    405,
    'method_not_allowed',
    `${method} is not one of ${allow}`,
    // RFC 9110 §15.5.6: a 405 must say what is allowed.
    { headers: { allow } },
  );
}
// #endregion not-found
