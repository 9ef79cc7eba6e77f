import type { Fault } from './send-once.ts';

/** What a call asks for; `method` is GET if it does not say. */
export type HttpRequest = {
  method?:
    | 'GET'
    | 'HEAD'
    | 'OPTIONS'
    | 'PUT'
    | 'DELETE'
    | 'POST'
    | 'PATCH';
  headers?: Record<string, string>;
  /** Never a stream: a retry sends it again. */
  body?: string | Uint8Array | null;
  signal?: AbortSignal;
};

/** What undici gets, and the policy looks at. */
export type PreparedRequest = ReturnType<typeof prepareRequest>;

/** Why a call has no answer. */
export class HttpClientError extends Error {
  override readonly name = 'HttpClientError';
  readonly code: string;
  /** The server may have acted on the request. */
  readonly sent: boolean;
  readonly attempts: number;

  constructor(request: Target, fault: Fault & { attempts: number }) {
    const { code, sent, detail, attempts } = fault;
    // The origin only: paths and queries hold secrets.
    const what = `${request.method} ${request.origin}`;
    super(`${what}: ${code} (${detail}), attempts: ${attempts}`);
    this.code = code;
    this.sent = sent;
    this.attempts = attempts;
  }
}

type Target = { method: string; origin: string };

/** Checks a URL and the names of headers; the limits of a call are the client's. */
export function prepareRequest(
  url: string | URL,
  {
    method = 'GET',
    headers = {},
    body = null,
  }: Omit<HttpRequest, 'signal'>,
) {
  const target = URL.parse(url);
  if (
    !target ||
    !['http:', 'https:'].includes(target.protocol) ||
    target.username + target.password
  )
    throw refuse({ method, origin: 'a URL' }, 'invalid_request');
  const named = Object.entries(headers).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  return {
    method,
    origin: target.origin,
    path: `${target.pathname}${target.search}`,
    headers: {
      'accept-encoding': 'gzip, br',
      ...Object.fromEntries(named),
    },
    body,
  };
}

/** A call that is not attempted. */
export function refuse(target: Target, code: string): HttpClientError {
  const detail = 'not attempted';
  const fault = { code, sent: false, detail, attempts: 0 };
  return new HttpClientError(target, fault);
}
