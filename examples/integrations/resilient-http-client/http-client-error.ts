/** Why there is no answer. */
export type FaultCode =
  | 'invalid_request'
  | 'address_refused'
  | 'overloaded'
  | 'closed'
  | 'aborted'
  | 'attempt_timeout'
  | 'deadline_exceeded'
  | 'connection_failed'
  | 'connection_lost'
  | 'answer_too_large'
  | 'bad_answer';

/** `sent`: the server may have acted. `detail`: what undici or the system says. */
export type Fault = { code: FaultCode; sent: boolean; detail: string };

/** Why a call has no answer, and whether the server may have acted on it. */
export class HttpClientError extends Error {
  override readonly name = 'HttpClientError';
  readonly code: FaultCode;
  readonly sent: boolean;
  readonly attempts: number;

  constructor(
    request: { method: string; origin: string },
    { code, sent, detail }: Fault,
    attempts: number,
  ) {
    // The origin only: paths and queries hold secrets. No `cause`:
    // that of undici's parser holds a part of the answer.
    const what = `${request.method} ${request.origin}`;
    super(`${what}: ${code} (${detail}), attempts: ${attempts}`);
    this.code = code;
    this.sent = sent;
    this.attempts = attempts;
  }
}

/** ECONNRESET and others of the system, and undici's for a socket. */
const LOST = /^(E[A-Z]+|UND_ERR_SOCKET)$/;
/** undici refuses a request before it sends any of it. */
const REFUSED = [
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
];

/** What an error means for a request of which some may have been sent. */
export function describeFault(error: Error, sent: boolean): Fault {
  const code = 'code' in error ? error.code : undefined;
  const detail = String(code ?? error.name);
  return { code: chooseCode(detail, sent), sent, detail };
}

function chooseCode(detail: string, sent: boolean): FaultCode {
  if (detail === 'address_refused') return detail;
  if (detail === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return 'answer_too_large';
  if (sent) return LOST.test(detail) ? 'connection_lost' : 'bad_answer';
  return REFUSED.includes(detail)
    ? 'invalid_request'
    : 'connection_failed';
}
