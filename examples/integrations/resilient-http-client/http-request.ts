import {
  type FaultCode,
  HttpClientError,
} from './http-client-error.ts';

type IdempotentMethod = 'GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'DELETE';

/** What a call asks for; `method` is GET if it does not say. */
export type HttpRequest = {
  method?: IdempotentMethod | 'POST' | 'PATCH';
  headers?: Record<string, string>;
  /** Never a stream: a retry sends it again. */
  body?: string | Uint8Array | null;
  signal?: AbortSignal | undefined;
};

/** What undici gets, and the policy looks at. */
export type PreparedRequest = ReturnType<typeof prepareRequest>;

/** Checks a URL, and lowers the names of headers. */
export function prepareRequest(
  url: string | URL,
  { method = 'GET', headers = {}, body = null }: HttpRequest,
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

/** The error of a call that is not attempted. */
export function refuse(
  target: { method: string; origin: string },
  code: FaultCode,
): HttpClientError {
  const fault = { code, sent: false, detail: 'not attempted' };
  return new HttpClientError(target, fault, 0);
}
