import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** ReadyForQuery: a letter, a length and the state. */
const STATE_BYTES = 6;

type Faults = {
  /** The state at the end of an answer comes 20 ms after the rest. */
  split?: boolean;
  /** It does not answer a goodbye. */
  deaf?: boolean;
};

/** Stands before Postgres; from the first query with this word on, its answers are lost. */
export async function startLossyNetwork(
  url: string,
  word: string,
  { split = false, deaf = false }: Faults = {},
) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: deaf }, (client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    upstream.on('data', (answer: Buffer) => {
      if (!split) return client.write(answer);
      client.write(answer.subarray(0, -STATE_BYTES));
      const state = answer.subarray(-STATE_BYTES);
      return setTimeout(() => client.write(state), 20);
    });
    client.on('data', (query) => {
      if (query.includes(word)) upstream.removeAllListeners('data');
      upstream.resume().write(query);
    });
    client.on('close', () => upstream.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const own = typeof address === 'object' ? address?.port : 0;

  async function stop() {
    for (const socket of sockets) socket.destroy();
    server.close();
  }

  return {
    url: Object.assign(new URL(url), { host: `127.0.0.1:${own}` }).href,
    /** How many connections the client has not closed. */
    countOpen: () =>
      new Promise<number>((resolve, reject) => {
        server.getConnections((error, count) =>
          error ? reject(error) : resolve(count),
        );
      }),
    [Symbol.asyncDispose]: stop,
  };
}
