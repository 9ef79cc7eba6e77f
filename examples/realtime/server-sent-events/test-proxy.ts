import { once } from 'node:events';
import {
  type AddressInfo,
  connect,
  createServer,
  type Socket,
} from 'node:net';

/** A line to Postgres that a test can cut, or leave open and dead. */
export async function startProxy() {
  let target = { hostname: '', port: '' };
  const sockets = new Set<Socket>();
  let isClosed = false;
  const server = createServer((inner) => {
    if (isClosed) return void inner.destroy();
    const outer = connect(Number(target.port), target.hostname);
    inner.pipe(outer).pipe(inner);
    for (const socket of [inner, outer]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(socket);
          inner.destroy();
          outer.destroy();
        });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;

  function cut() {
    isClosed = true;
    for (const socket of sockets) socket.destroy();
  }

  /** What is open now carries nothing any more, and says nothing. */
  function freeze() {
    for (const socket of sockets) socket.unpipe().pause();
  }

  async function dispose() {
    cut();
    server.close();
    await once(server, 'close');
  }

  /** The URL of a database, by way of this proxy. */
  function url(direct: string): string {
    target = new URL(direct);
    const proxied = new URL(direct);
    proxied.host = `127.0.0.1:${address.port}`;
    return proxied.href;
  }

  return {
    url,
    cut,
    freeze,
    restore: () => {
      isClosed = false;
    },
    connections: () => sockets.size / 2,
    [Symbol.asyncDispose]: dispose,
  };
}
