import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Listens for devices on 127.0.0.1. */
export async function listenMqtt(endpoint: {
  handle: (socket: Socket) => void;
}) {
  const server = createServer(endpoint.handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    url: `mqtt://127.0.0.1:${address.port}`,
    /** Takes no new connections; those that are open stay. */
    [Symbol.dispose]: () => void server.close(),
  };
}
