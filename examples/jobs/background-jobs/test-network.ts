import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Is between clients and Postgres; swallows all bytes of the connections that it is told to. */
export async function startNetwork(url: string) {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  const silent = new Set<Socket>();
  let isFrozen = false;

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    open.add(client);
    if (isFrozen) silent.add(client);
    for (const socket of [client, upstream]) {
      const other = socket === client ? upstream : client;
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(client);
        other.destroy();
      });
      socket.on('data', (bytes) => {
        if (!silent.has(client)) other.write(bytes);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const own = typeof address === 'object' ? address?.port : 0;

  return {
    url: Object.assign(new URL(url), { host: `127.0.0.1:${own}` }).href,
    /** The connections of now hear nothing more; new ones work. */
    swallow() {
      for (const client of open) silent.add(client);
    },
    /** New connections hear nothing either. */
    freeze() {
      isFrozen = true;
    },
    isEmpty: () => open.size === 0,
    async [Symbol.asyncDispose]() {
      for (const client of open) client.destroy();
      server.close();
    },
  };
}
