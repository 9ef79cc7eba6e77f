import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands before Postgres; once told to, it swallows all bytes and closes nothing. */
export async function startNetwork(url: string) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isBlackHole = false;
  let accepted = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    accepted += 1;
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of new Map([
      [client, upstream],
      [upstream, client],
    ])) {
      sockets.add(from);
      from.on('error', () => {});
      from.on('data', (bytes) => isBlackHole || to.write(bytes));
      from.on('close', () => {
        sockets.delete(from);
        if (!isBlackHole) to.end();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const own = typeof address === 'object' ? address?.port : 0;

  return {
    url: Object.assign(new URL(url), { host: `127.0.0.1:${own}` }).href,
    swallow() {
      isBlackHole = true;
    },
    heal() {
      isBlackHole = false;
    },
    /** How many connections were made so far. */
    countAccepted: () => accepted,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
