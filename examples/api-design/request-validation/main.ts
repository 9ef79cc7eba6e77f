import { once } from 'node:events';
import { createServer } from 'node:http';
import { endOnCrash } from '../error-handling/end-on-crash.ts';
import { createApp, serverLimits } from './app.ts';

const server = createServer(serverLimits, createApp({ log: console }));

async function stop() {
  const closed = once(server.close(), 'close');
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), 4_000).unref();
  await closed;
}

endOnCrash({ log: console, stop });
process.once('SIGTERM', stop);
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
await once(server, 'listening');
const address = server.address();
const port = typeof address === 'object' ? address?.port : address;
console.log(`listening on http://127.0.0.1:${port}`);
console.log(
  `try: curl 'http://127.0.0.1:${port}/shops/books/orders?limit=0x10'`,
);
