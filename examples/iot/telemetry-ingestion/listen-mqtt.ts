import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Listens for devices on 127.0.0.1; TLS belongs in front of it, or here. */
export async function listenMqtt(
  endpoint: AsyncDisposable & { handle: (socket: Socket) => void },
  port = 0,
) {
  const server = createServer((socket) => endpoint.handle(socket));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;

  /** No new connection, then none at all. */
  async function stop() {
    const closed = once(server, 'close');
    server.close();
    await endpoint[Symbol.asyncDispose]();
    await closed;
  }

  return {
    port: address.port,
    url: `mqtt://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: stop,
  };
}
