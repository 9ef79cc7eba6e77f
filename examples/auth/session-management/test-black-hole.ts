import { once } from 'node:events';
import {
  type AddressInfo,
  connect,
  createServer,
  type Socket,
} from 'node:net';

/** A proxy whose first connections can go silent, as when their host is gone. */
export async function startBlackHole(port: number) {
  const sockets = new Set<Socket>();
  let accepted = 0;
  let silent = 0;
  const server = createServer((client) => {
    accepted += 1;
    const upstream = connect(port, '127.0.0.1');
    for (const [from, to] of new Map([
      [client, upstream],
      [upstream, client],
    ])) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => sockets.delete(from));
      if (accepted > silent) from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as AddressInfo;

  return {
    url: `redis://127.0.0.1:${own}`,
    countAccepted: () => accepted,
    /** The first connections, of which some are to come, hear nothing more. */
    swallow(count: number) {
      silent = count;
      for (const socket of sockets) socket.unpipe().pause();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
