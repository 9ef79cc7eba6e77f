import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';

/** A server that listens; disposing of it lets requests under way finish first. */
export type ListeningServer = AsyncDisposable & { url: string; server: Server };

type ListenOptions = {
  /** 0 takes any free port. */
  port?: number;
  /** How long requests under way may take once it must stop. */
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
  const answers = new Set<ServerResponse>();
  server.prependListener('request', (_request, response) => {
    answers.add(response);
    response.once('close', () => answers.delete(response));
  });

  /** Node takes a connection for idle once its answer has an end, though the client may still be reading. */
  function closeIdleConnections() {
    const isSending = [...answers].some(({ writableEnded }) => writableEnded);
    if (!isSending) server.closeIdleConnections();
  }

  async function stop() {
    const closed = once(server, 'close');
    // Not server.close(): it cuts answers that are still being sent.
    NetServer.prototype.close.call(server);
    // A connection whose last answer is out would else stay for the next request of its client.
    const sweep = setInterval(closeIdleConnections, 10);
    const deadline = setTimeout(() => server.closeAllConnections(), graceSeconds * 1000);
    await closed;
    clearInterval(sweep);
    clearTimeout(deadline);
  }

  return { url: `http://127.0.0.1:${port}`, server, [Symbol.asyncDispose]: stop };
}
