import { STATUS_CODES } from 'node:http';

/** The body of every error answer: RFC 9457, with a stable `code` for programs. */
export type ProblemDetails = {
  title: string;
  status: number;
  code: string;
  detail?: string;
  errors?: Violation[];
};

/** What is wrong at one place of a request: never the value that is there. */
export type Violation = {
  /** The part of the request; the body when it is left out. */
  in?: 'body' | 'query' | 'params' | 'headers';
  /** RFC 6901. */
  pointer: string;
  detail: string;
};

type ProblemOptions = ErrorOptions & {
  headers?: Record<string, string>;
  /** When the caller may come back. */
  retryAfterSeconds?: number;
  errors?: Violation[];
};

/** An error that the caller may know of; of 500 and more, only its code. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  /** In lower_snake_case; anything else is replaced by the status phrase. */
  readonly code: string;
  readonly expose = true;
  readonly headers: Record<string, string> | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly errors: Violation[] | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    options: ProblemOptions = {},
  ) {
    super(message, options);
    this.status = status;
    this.code = code;
    this.headers = options.headers;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.errors = options.errors;
  }
}

/** What an error says to its caller. */
export type Answer = {
  problem: ProblemDetails;
  headers: Record<string, string>;
};

// #region to-answer
/** Of an error that does not say that it is for the caller, nothing. */
export function toAnswer(error: unknown): Answer {
  // Express's router marks a path such as `/%E0%A4%A` so.
  if (error instanceof URIError && Reflect.get(error, 'status') === 400)
    return { problem: describe(400, 'invalid_path'), headers: {} };
  if (!isForTheCaller(error))
    return { problem: describe(500, 'internal_error'), headers: {} };

  const { status, expose, type, message } = error;
  const isTold = expose && status < 500;
  // Body parsers set `type`, and their messages quote the body.
  const isParser = typeof type === 'string';
  const code = isParser ? type.replaceAll('.', '_') : error.code;
  const problem = describe(
    status,
    isCode(code) ? code : toCode(status),
  );
  if (isTold && !isParser) problem.detail = message;
  if (isTold && error instanceof HttpProblem && error.errors)
    problem.errors = error.errors;
  return { problem, headers: collectHeaders(error, isTold) };
}

// http-errors and body parsers set `expose`. A `status` alone may be
// what another server answered.
function isForTheCaller(error: unknown): error is PublicError {
  return (
    error instanceof Error &&
    'expose' in error &&
    typeof error.expose === 'boolean' &&
    'status' in error &&
    Number.isInteger(error.status) &&
    Number(error.status) >= 400 &&
    Number(error.status) < 600
  );
}
// #endregion to-answer

type PublicError = Error & {
  status: number;
  expose: boolean;
  code?: unknown;
  type?: unknown;
  headers?: Record<string, string> | undefined;
  retryAfterSeconds?: number | undefined;
};

function collectHeaders(error: PublicError, isTold: boolean) {
  const { status, headers, retryAfterSeconds = Number.NaN } = error;
  const seconds = Math.max(0, Math.ceil(retryAfterSeconds));
  // An HTTP client hangs the headers of another server on its errors.
  const isOurs = isTold || error instanceof HttpProblem;
  return {
    // RFC 9110 §15.5.2: a 401 without a challenge is not valid.
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(Number.isFinite(seconds) && { 'retry-after': `${seconds}` }),
    ...(isOurs && headers),
  };
}

/** RFC 9457 §4.2.1: without a `type`, the title is the phrase of the status. */
function describe(status: number, code: string): ProblemDetails {
  return { title: STATUS_CODES[status] ?? 'Error', status, code };
}

/** `Payload Too Large` becomes `payload_too_large`. */
function toCode(status: number): string {
  if (status === 500) return 'internal_error';
  const phrase = STATUS_CODES[status] ?? 'error';
  return phrase.toLowerCase().replaceAll(/[^a-z]+/g, '_');
}

function isCode(code: unknown): code is string {
  return typeof code === 'string' && /^[a-z][a-z0-9_]*$/.test(code);
}
