import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Postgres ends each answer with ReadyForQuery, which has six bytes. */
const READY_BYTES = 6;

/** Is between a pool and Postgres; once told to, it swallows all bytes, or sends answers in two packets. */
export async function startNetwork(url: string) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isBlackHole = false;
  let isSplitting = false;
  let isFrozen = false;
  let accepted = 0;

  function pass(to: Socket, bytes: Buffer) {
    if (isBlackHole) return;
    if (!isSplitting || bytes.at(-READY_BYTES) !== 'Z'.charCodeAt(0))
      return to.write(bytes);
    to.write(bytes.subarray(0, -READY_BYTES));
    return setTimeout(() => to.write(bytes.subarray(-READY_BYTES)), 20);
  }

  const server = createServer({ allowHalfOpen: true }, (client) => {
    accepted += 1;
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of new Map([
      [client, upstream],
      [upstream, client],
    ])) {
      sockets.add(from);
      if (isFrozen) from.pause();
      from.on('error', () => {});
      from.on('data', (bytes: Buffer) => pass(to, bytes));
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
    /** From now on, Postgres says that it is ready 20 ms after its answer. */
    split() {
      isSplitting = true;
    },
    /** From now on, new connections are made, but hear nothing until `thaw`. */
    freeze() {
      isFrozen = true;
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    /** How many connections were made so far. */
    countAccepted: () => accepted,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
