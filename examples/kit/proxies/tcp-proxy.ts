import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server, so that a test can cut them apart or change the server. */
export type TcpProxy = AsyncDisposable & {
  /** Where clients connect, on 127.0.0.1. */
  port: number;
  /** Ends all connections, without a goodbye; new ones are made as before. */
  cut: () => void;
  /** Where new connections go from now on. */
  pointTo: (port: number) => void;
};

/** Passes bytes on to a port of 127.0.0.1. */
export async function startTcpProxy(serverPort: number): Promise<TcpProxy> {
  let target = serverPort;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.resetAndDestroy());
      from.on('close', () => sockets.delete(from));
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  function cut() {
    for (const socket of sockets) socket.resetAndDestroy();
  }

  async function stop() {
    const closed = once(server, 'close');
    server.close();
    cut();
    await closed;
  }

  function pointTo(newPort: number) {
    target = newPort;
  }

  return { port, cut, pointTo, [Symbol.asyncDispose]: stop };
}
