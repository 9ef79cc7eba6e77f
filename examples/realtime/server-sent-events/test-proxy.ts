import { once } from 'node:events';
import {
  type AddressInfo,
  connect,
  createServer,
  type Socket,
} from 'node:net';

/** A line to Postgres that a test can cut, or leave open and dead. */
export async function startProxy(direct: string) {
  const { hostname, port } = new URL(direct);
  const sockets = new Set<Socket>();
  let isClosed = false;
  const server = createServer((inner) => {
    if (isClosed) return void inner.destroy();
    const outer = connect(Number(port), hostname);
    inner.pipe(outer).pipe(inner);
    for (const socket of [inner, outer]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        inner.destroy();
        outer.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const url = new URL(direct);
  url.host = `127.0.0.1:${address.port}`;

  function cut() {
    isClosed = true;
    for (const socket of sockets) socket.destroy();
  }

  /** Connections of now carry nothing any more, in either direction. */
  function freeze() {
    for (const socket of sockets) socket.unpipe().pause();
  }

  async function dispose() {
    cut();
    server.close();
    await once(server, 'close');
  }

  return {
    url: url.href,
    cut,
    freeze,
    restore: () => {
      isClosed = false;
    },
    connections: () => sockets.size / 2,
    [Symbol.asyncDispose]: dispose,
  };
}
