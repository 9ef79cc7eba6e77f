import { once } from 'node:events';
import {
  Agent,
  createServer,
  get,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTerminus } from '@godaddy/terminus';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { startHealth } from './health.ts';

const LOAD = { clients: 16, seconds: 2 };

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
const { pool } = database;
const ask = () => pool.query('select 1');
const agent = new Agent({ keepAlive: true });

const health = startHealth({ log: console });
health.watch('database', ask);
health.finishStart();
const ours = createServer((request, response) => {
  health.answer(request, response);
});
const naive = createServer(async (_request, response) => {
  await ask();
  response.end('ok');
});
const terminus = createTerminus(createServer(notFound), {
  healthChecks: { '/readyz': ask },
});

function notFound(_request: unknown, response: ServerResponse) {
  response.writeHead(404).end();
}

function contender(name: string, server: Server, note?: string) {
  return {
    name,
    ...(note && { note }),
    async measure() {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}/readyz`;
      const rate = await operationsPerSecond(LOAD, () => probe(url));
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      return rate;
    },
  };
}

async function probe(url: string) {
  const request = get(url, { agent });
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
}

const table = await compare({
  title: 'Probes a second, 16 clients',
  unit: 'probes/s',
  better: 'higher',
  contenders: [
    contender('this pattern', ours, 'no query'),
    contender('a query for each probe (naive)', naive),
    contender('terminus 4.12', terminus, 'a query for each probe'),
  ],
});
health.drain();
agent.destroy();
writeBench(new URL('bench.json', import.meta.url), {
  id: 'observability/health-checks-and-graceful-shutdown',
  software: 'PostgreSQL 18.4',
  tables: [table],
});
