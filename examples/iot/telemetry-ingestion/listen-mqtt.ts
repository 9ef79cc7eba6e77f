import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Listens for devices on 127.0.0.1; with TLS it is `tls.createServer(options, handle)`. */
export async function listenMqtt(
  { handle }: { handle: (socket: Socket) => void },
  port = 0,
) {
  const server = createServer(handle);
  // Each may hold a chunk of its socket.
  server.maxConnections = 10_000;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    url: `mqtt://127.0.0.1:${address.port}`,
    /** Takes no new connections; those that are open stay. */
    [Symbol.dispose]: () => void server.close(),
  };
}
