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
  readonly code: string;
  readonly expose: boolean;
  readonly headers: Record<string, string>;
  readonly retryAfterSeconds: number | undefined;
  readonly errors: Violation[] | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    options: ProblemOptions = {},
  ) {
    super(message, options);
    if (!isErrorStatus(status))
      throw new RangeError(`${status} is not an error status`);
    if (!isCode(code))
      throw new RangeError(`write "${code}" in lower_snake_case`);
    this.status = status;
    this.code = code;
    this.expose = status < 500; // as in http-errors
    this.headers = options.headers ?? {};
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
  if (isUndecodablePath(error))
    return { problem: describe(400, 'invalid_path'), headers: {} };
  if (!isForTheCaller(error))
    return { problem: describe(500, 'internal_error'), headers: {} };

  const { status, expose } = error;
  const fromParser = PARSER_ERRORS.get(`${error.type}`);
  const code = isCode(error.code) ? error.code : toCode(status);
  const problem = describe(status, fromParser?.code ?? code);
  if (expose) problem.detail = fromParser?.detail ?? error.message;
  if (expose && error instanceof HttpProblem && error.errors)
    problem.errors = error.errors;
  return { problem, headers: collectHeaders(error) };
}

// http-errors and body parsers set `expose`. A `status` alone may be
// what another server answered.
function isForTheCaller(error: unknown): error is PublicError {
  return (
    error instanceof Error &&
    'expose' in error &&
    typeof error.expose === 'boolean' &&
    'status' in error &&
    isErrorStatus(error.status)
  );
}
// #endregion to-answer

type PublicError = Error & {
  status: number;
  expose: boolean;
  code?: unknown;
  type?: unknown;
  headers?: Record<string, string>;
  retryAfterSeconds?: number | undefined;
};

// #region parser-errors
// Their messages quote the body: `Unexpected token 'h', "hunter2"…`.
const PARSER_ERRORS = new Map([
  [
    'entity.parse.failed',
    { code: 'invalid_body', detail: 'The body cannot be parsed' },
  ],
  [
    'entity.verify.failed',
    { code: 'refused_body', detail: 'The body was not accepted' },
  ],
  [
    'entity.too.large',
    { code: 'body_too_large', detail: 'Send a smaller body' },
  ],
]);
// #endregion parser-errors

/** Express's router gives a path such as `/%E0%A4%A` a status only, and a message with the path. */
function isUndecodablePath(error: unknown): boolean {
  return (
    error instanceof URIError &&
    'status' in error &&
    error.status === 400
  );
}

function collectHeaders(error: PublicError): Answer['headers'] {
  const { status, headers, retryAfterSeconds = Number.NaN } = error;
  return {
    // RFC 9110 §15.5.2: a 401 without a challenge is not valid.
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    ...(retryAfterSeconds >= 0 && {
      'retry-after': `${Math.ceil(retryAfterSeconds)}`,
    }),
    ...headers,
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

function isErrorStatus(status: unknown): status is number {
  return (
    Number.isInteger(status) &&
    Number(status) >= 400 &&
    Number(status) < 600
  );
}

function isCode(code: unknown): code is string {
  return typeof code === 'string' && /^[a-z][a-z0-9_]*$/.test(code);
}
