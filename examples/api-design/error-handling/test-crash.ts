import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { endOnCrash } from './end-on-crash.ts';

const { HOW = '', STOP = '', LOG = '', GRACE } = process.env;

const crashes: Record<string, () => void> = {
  reject: () => void Promise.reject(new Error('first')),
  rejectNull: () => void Promise.reject(null),
  throw: () =>
    void setImmediate(() => {
      throw new Error('first');
    }),
};

const log = {
  error(message: string, details: { error?: Error }) {
    const error = details.error?.message;
    console.log(JSON.stringify({ message, ...details, error }));
    if (LOG === 'throws') throw new Error('the disk is full');
  },
};

const stops: Record<string, () => unknown> = {
  hangs() {
    // Nothing but the grace timer keeps the process alive.
    answer.catch(() => {});
    server.close().closeAllConnections();
    return new Promise(() => {});
  },
  throws: () => {
    throw new Error('it does not stop');
  },
  async answers() {
    server.close();
    void Promise.reject(new Error('second'));
    server.emit('stopping');
    console.log(await (await answer).text());
  },
};

endOnCrash({
  log,
  stop: () => stops[STOP]?.(),
  ...(GRACE && { graceSeconds: Number(GRACE) }),
});

// A request is under way when the program crashes.
const server = createServer(async (_request, response) => {
  const stopping = once(server, 'stopping');
  crashes[HOW]?.();
  await stopping;
  response.end('answered');
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const answer = fetch(`http://127.0.0.1:${port}`);
