import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { ZodError } from 'zod';

/** The body of every error answer: RFC 9457, with a stable `code` for programs. */
export type ProblemDetails = {
  title: string;
  status: number;
  code: string;
  detail?: string;
  errors?: { pointer: string; detail: string }[];
};

/** An error that means something to the caller: its message becomes the `detail`. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

type Log = { error: (message: string, details: object) => void };

/** Answers what no route answered. */
export const answerNotFound: RequestHandler = (request, response) => {
  sendProblem(response, {
    ...describe(404, 'not_found'),
    detail: `${request.method} ${request.path} is not here`,
  });
};

/** Turns an error into a problem document; of what the caller did not cause only the code is told. */
export function answerErrors(log: Log): ErrorRequestHandler {
  return function answerError(error: unknown, request, response, next) {
    if (response.headersSent) return next(error);
    const problem = toProblem(error);
    const retryAfter = readRetryAfter(error);
    if (retryAfter !== undefined) response.set('retry-after', `${retryAfter}`);
    else if (problem.status >= 500) log.error('request failed', { path: request.path, error });
    sendProblem(response, problem);
  };
}

/** Whoever says when to come back knows what is wrong; a log of each would be a flood. */
function readRetryAfter(error: unknown): number | undefined {
  if (!isHttpError(error) || !('retryAfterSeconds' in error)) return undefined;
  const { retryAfterSeconds } = error;
  return typeof retryAfterSeconds === 'number' ? Math.ceil(retryAfterSeconds) : undefined;
}

function toProblem(error: unknown): ProblemDetails {
  if (error instanceof ZodError)
    return { ...describe(400, 'invalid_request'), errors: listErrors(error) };
  if (!isHttpError(error)) return describe(500, 'internal_error');
  const code = typeof error.code === 'string' ? error.code : undefined;
  if (error.status >= 500) return describe(error.status, code ?? 'internal_error');
  return { ...describe(error.status, code ?? 'invalid_request'), detail: error.message };
}

/** RFC 9457 §3.1: without a `type`, the title is the phrase of the status. */
function describe(status: number, code: string): ProblemDetails {
  return { title: STATUS_CODES[status] ?? 'Error', status, code };
}

function listErrors({ issues }: ZodError): { pointer: string; detail: string }[] {
  return issues.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, detail: message }));
}

/** Errors of ours, and those of Express and its body parsers, carry the status they mean. */
function isHttpError(error: unknown): error is Error & { status: number; code?: unknown } {
  return error instanceof Error && 'status' in error && typeof error.status === 'number';
}

function sendProblem(response: Parameters<RequestHandler>[1], problem: ProblemDetails): void {
  if (problem.status === 401) response.set('www-authenticate', 'Bearer');
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
}
