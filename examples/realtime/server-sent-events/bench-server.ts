import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import { Server as SocketServer } from 'socket.io';
import { WebSocketServer } from 'ws';
import { createEventLog } from './event-log.ts';
import { createEventStreams } from './event-streams.ts';
import { createNaiveStreams } from './naive.ts';
import { startTopicListener } from './topic-listener.ts';

// A process of its own, so that its memory is that of its readers. Each
// contender follows at GET / and publishes at POST /; none has Express.

type Publish = (data: object) => Promise<unknown> | unknown;
type Contender = (server: Server) => Promise<Publish> | Publish;

const url = process.env.DATABASE_URL ?? '';
const pool = new pg.Pool({ connectionString: url });

const contenders: Record<string, Contender> = {
  pattern(server) {
    const eventLog = createEventLog({ db: pool });
    const findReaders = async (_topic: string, keys: string[]) => keys;
    const log = console;
    const streams = createEventStreams({
      eventLog,
      findReaders,
      log,
      clock: () => new Date(),
      heartbeatSeconds: 15,
      retryMilliseconds: 2000,
      maxStreams: 5000,
    });
    startTopicListener({
      url,
      wake: streams.wake,
      log,
      pingSeconds: 5,
      retryMilliseconds: 500,
    });
    const until = new Date('9999-01-01');
    const topic = process.env.TOPIC ?? '';
    server.on('request', (request, response) => {
      if (request.url !== '/') return;
      const reader = { topic, key: 'bench', until };
      streams.follow(reader, response).catch(console.error);
    });
    return (data) => eventLog.append({ topic, type: 'moved', data });
  },

  async naive(server) {
    const naive = await createNaiveStreams({ pool });
    server.on('request', (request, response) => {
      if (request.url === '/') naive.follow(request, response);
    });
    return naive.publish;
  },

  ws(server) {
    const sockets = new WebSocketServer({ server });
    return (data) => {
      const text = JSON.stringify(data);
      for (const socket of sockets.clients) socket.send(text);
    };
  },

  /** One frame for all that was published in a turn of the event loop. */
  wsBatched(server) {
    const sockets = new WebSocketServer({ server });
    let batch: string[] = [];
    function send() {
      const text = `[${batch.join()}]`;
      batch = [];
      for (const socket of sockets.clients) socket.send(text);
    }
    return (data) => {
      if (batch.push(JSON.stringify(data)) === 1) setImmediate(send);
    };
  },

  socketIo(server) {
    const io = new SocketServer(server, { transports: ['websocket'] });
    return (data) => io.emit('moved', data);
  },
};

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
const server = createServer();
const create = contenders[process.env.CONTENDER ?? ''];
if (!create) throw new Error('CONTENDER names no contender');
const publish = await create(server);

server.on('request', async (request, response) => {
  const { pathname, searchParams } = new URL(`${request.url}`, url);
  if (pathname === '/publish') {
    await publishAll(searchParams);
    response.end();
  }
  if (pathname === '/memory') response.end(`${measureMemory()}`);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`listening on http://127.0.0.1:${port}`);
});

/** Eight writers at once; the last event carries the mark that readers wait for. */
async function publishAll(query: URLSearchParams) {
  const queue = Array.from({ length: Number(query.get('count')) - 1 });
  const numbers = queue.keys();
  const write = async () => {
    for (const n of numbers) {
      await publish({ n, text: 'x'.repeat(180) });
      // What keeps nothing must not send all in one turn.
      await new Promise(setImmediate);
    }
  };
  await Promise.all(Array.from({ length: 8 }, write));
  await publish({ mark: query.get('mark') });
}

function measureMemory(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
