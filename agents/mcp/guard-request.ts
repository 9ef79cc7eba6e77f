import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostHeaderValidation, originValidation } from '@modelcontextprotocol/node';
import type { TakeToken } from './token-buckets.ts';

/** Says whether a request may go on; answers it itself when not. */
export type Guard = (request: IncomingMessage, response: ServerResponse) => boolean;

/** What a guard lets through. */
export type GuardOptions = {
  path: string;
  /** Names by which the server may be called beside those of this machine; undefined means any. */
  names: readonly string[] | undefined;
  bodyBytes: number;
  takeToken: TakeToken;
};

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** One guard of all: whom it calls, who asks, how often, where, how, and how much. */
export function createGuard({ path, names, bodyBytes, takeToken }: GuardOptions): Guard {
  const guards = [
    ...(names ? [hostHeaderValidation([...LOOPBACK, ...names])] : []),
    guardOrigin,
    guardRate,
    guardPath,
    guardMethod,
    guardSize,
  ];
  return (request, response) => guards.every((guard) => guard(request, response));

  /** A page in a browser says where it is from: from here, or it is refused. */
  function guardOrigin(request: IncomingMessage, response: ServerResponse): boolean {
    const own = names ?? [nameOf(request.headers.host)];
    return originValidation([...LOOPBACK, ...own])(request, response);
  }

  function guardRate(request: IncomingMessage, response: ServerResponse): boolean {
    const seconds = takeToken(request.socket.remoteAddress ?? '');
    const retry = { 'retry-after': String(seconds) };
    return seconds === 0 || refuse(response, 429, `Too many requests: wait ${seconds} s`, retry);
  }

  function guardPath({ url = '' }: IncomingMessage, response: ServerResponse): boolean {
    return url.split('?', 1)[0] === path || refuse(response, 404, `Not found: MCP is at ${path}`);
  }

  function guardMethod({ method }: IncomingMessage, response: ServerResponse): boolean {
    return method === 'POST' || refuse(response, 405, 'Use POST', { allow: 'POST' });
  }

  /** A body of unknown length would have to be read to be refused, so it must tell it. */
  function guardSize({ headers }: IncomingMessage, response: ServerResponse): boolean {
    const length = headers['content-length'];
    if (length === undefined) return refuse(response, 411, 'Send a Content-Length', CLOSE);
    const fits = Number(length) <= bodyBytes;
    return fits || refuse(response, 413, `The body is larger than ${bodyBytes} bytes`, CLOSE);
  }
}

const CLOSE = { connection: 'close' };

function refuse(
  response: ServerResponse,
  status: number,
  message: string,
  headers: Record<string, string> = {},
): false {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32_000, message }, id: null }));
  return false;
}

/** Without the port. */
const nameOf = (host = ''): string => host.replace(/:\d*$/, '');
