import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that listens; disposing of it lets requests under way finish first. */
export type ListeningServer = AsyncDisposable & { url: string; server: Server };

type ListenOptions = {
  /** 0 takes any free port. */
  port?: number;
  /** How long requests under way may take once it shall stop. */
  graceSeconds?: number;
};

/** Serves an Express app, or any request listener, on 127.0.0.1. */
export async function listen(
  app: RequestListener,
  options: ListenOptions = {},
): Promise<ListeningServer> {
  const { port: wanted = 0, graceSeconds = 5 } = options;
  const server = createServer(app).listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  async function stop() {
    const closed = once(server, 'close');
    server.close();
    // A connection whose last answer is out would else stay for the next request of its client.
    const sweep = setInterval(() => server.closeIdleConnections(), 10);
    const deadline = setTimeout(() => server.closeAllConnections(), graceSeconds * 1000);
    await closed;
    clearInterval(sweep);
    clearTimeout(deadline);
  }

  return { url: `http://127.0.0.1:${port}`, server, [Symbol.asyncDispose]: stop };
}
