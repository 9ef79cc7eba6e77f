import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { UsageError } from '../../scripts/command-line/usage-error.ts';
import type { ServerFactory } from './create-server.ts';
import { DEFAULT_PORT } from './default-port.ts';
import { createGuard } from './guard-request.ts';
import { createTokenBuckets, type Rate } from './token-buckets.ts';

/** Where and for whom a server listens. */
export type HttpOptions = {
  /** 0 for any that is free. */
  port?: number | undefined;
  /** The address to listen on: one of this machine alone, unless `public`. */
  host?: string | undefined;
  public?: boolean | undefined;
  /** The host names by which a public server is called; without them any is accepted. */
  names?: readonly string[] | undefined;
  limits?: Partial<Limits> | undefined;
};

/** What one caller can take of the server. */
export type Limits = {
  rate: Rate;
  bodyBytes: number;
  requestMs: number;
  connections: number;
  /** How long an answer may take after the server was told to stop. */
  graceMs: number;
};

const LIMITS: Limits = {
  rate: { burst: 100, perSecond: 20 },
  bodyBytes: 64 * 1024,
  requestMs: 10_000,
  connections: 256,
  graceMs: 1_000,
};

/** A server that listens. */
export type HttpService = { url: string; close: () => Promise<void> };

const PATH = '/mcp';

/** Serves MCP over streamable HTTP, without state: each request has a server of its own. */
export async function serveHttp(
  factory: ServerFactory,
  options: HttpOptions = {},
): Promise<HttpService> {
  const limits = { ...LIMITS, ...options.limits };
  const handler = createMcpHandler(factory);
  const answer = toNodeHandler(handler, { maxRequestBodySize: limits.bodyBytes });
  const guard = createGuard({
    path: PATH,
    names: options.public ? options.names : [],
    bodyBytes: limits.bodyBytes,
    takeToken: createTokenBuckets(limits.rate, () => performance.now()),
  });
  const server = createServer(timeouts(limits), (request, response) => {
    // Node's type says of `method` that it may be undefined, the adapter's that it may be missing.
    if (guard(request, response)) void answer(request as NodeIncomingMessageLike, response);
    // What nobody reads would keep the connection busy.
    else request.resume();
  });
  server.maxConnections = limits.connections;
  server.listen(options.port ?? DEFAULT_PORT, chooseHost(options));
  await once(server, 'listening');
  return { url: urlOf(server), close: () => stop(server, handler.close, limits) };
}

function chooseHost({ host, public: isPublic }: HttpOptions): string {
  if (isPublic) return host ?? '0.0.0.0';
  if (host === undefined || /^(localhost|127\.[\d.]+|::1)$/.test(host)) return host ?? '127.0.0.1';
  const message = `${host} can be reached from other machines: add --public if you want that`;
  throw new UsageError(message);
}

const timeouts = ({ requestMs }: Limits) => ({
  headersTimeout: requestMs,
  requestTimeout: requestMs,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: Math.ceil(requestMs / 10),
});

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}${PATH}`;
}

/** Takes no more, lets what runs come to its end, and cuts off what does not. */
async function stop(
  server: Server,
  closeHandler: () => Promise<void>,
  { graceMs }: Limits,
): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs).unref();
  await closed;
  clearTimeout(cut);
  await closeHandler();
}
