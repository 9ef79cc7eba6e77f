import { once } from 'node:events';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Library } from '../library/open-library.ts';
import { createSearch } from '../library/search.ts';
import { createServer, type ServerFactory } from './create-server.ts';
import { type HttpOptions, serveHttp } from './serve-http.ts';

/** What to serve, and how: over HTTP if it says so, else over stdin and stdout. */
export type McpOptions = { library: Library; http?: HttpOptions | undefined };

/** Serves MCP until a signal comes or the client leaves. */
export async function runMcp({ library, http }: McpOptions): Promise<void> {
  const factory = createServer(library, createSearch(library), { isLocal: !http });
  await (http ? runHttp(factory, http) : runStdio(factory));
}

async function runHttp(factory: ServerFactory, options: HttpOptions): Promise<void> {
  const signal = waitForSignal();
  const service = await serveHttp(factory, options);
  console.log(`MCP at ${service.url}\nCtrl-C ends it.`);
  await signal;
  await service.close();
}

/** A message is a line: one of more than a megabyte is no request of ours. */
const MAX_LINE = 1024 * 1024;

async function runStdio(factory: ServerFactory): Promise<void> {
  const signal = waitForSignal();
  const transport = new StdioServerTransport(process.stdin, process.stdout, {
    maxBufferSize: MAX_LINE,
  });
  // stdout is the protocol's alone.
  const handle = serveStdio(factory, {
    transport,
    onerror: ({ message }) => console.error(`touchstone: ${message.slice(0, 500)}`),
  });
  await Promise.race([signal, waitForEnd(transport)]);
  await handle.close();
}

/** The client has left, or sent a line that has no end. */
const waitForEnd = (transport: StdioServerTransport): Promise<void> =>
  new Promise((resolve) => {
    const { onclose } = transport;
    transport.onclose = () => {
      onclose?.();
      resolve();
    };
  });

/** The second signal of a kind ends the process as it always does. */
const waitForSignal = (): Promise<unknown> =>
  Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
