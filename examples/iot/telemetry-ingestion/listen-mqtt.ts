import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Where devices connect; TLS belongs in front of it. */
export type ListenMqttOptions = {
  port?: number;
  host?: string;
  maxConnections?: number;
};

/** Listens for devices, on 127.0.0.1 unless it is told otherwise. */
export async function listenMqtt(
  endpoint: AsyncDisposable & { handle: (socket: Socket) => void },
  options: ListenMqttOptions = {},
) {
  const { port: wanted = 0, host = '127.0.0.1' } = options;
  const server = createServer((socket) => endpoint.handle(socket));
  server.maxConnections = options.maxConnections ?? 10_000;
  server.listen(wanted, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  /** No new connection, then none at all. */
  async function stop() {
    const closed = once(server, 'close');
    server.close();
    await endpoint[Symbol.asyncDispose]();
    await closed;
  }

  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: stop,
  };
}
