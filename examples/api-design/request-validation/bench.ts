import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { listen } from '@touchstone/kit/app/http';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import {
  createFastifyApp,
  createNaiveApp,
  createPatternApp,
  createZodApp,
} from './bench-apps.ts';

const id = 'api-design/request-validation';
const apps: { name: string; app: RequestListener; note?: string }[] = [
  { name: 'this pattern', app: createPatternApp() },
  {
    name: 'express.json alone (naive)',
    app: createNaiveApp(),
    note: 'checks nothing',
  },
  {
    name: 'express.json and zod',
    app: createZodApp(),
    note: 'no check of duplicate keys, depth and UTF-8',
  },
  {
    name: 'Fastify 5.12 and ajv',
    app: await createFastifyApp(),
    note: 'no check of duplicate keys and depth',
  },
];

writeBench(new URL('bench.json', import.meta.url), {
  id,
  software: 'Express 5.3, zod 4.6',
  tables: [
    await measureAll(
      'Orders of 5 items (300 bytes), 8 clients at once',
      5,
    ),
    await measureAll(
      'Orders of 1,000 items (40 kB), 8 clients at once',
      1_000,
    ),
  ],
});

async function measureAll(title: string, count: number) {
  const items = Array.from({ length: count }, (_, index) => ({
    sku: `sku-${index}-"a"`,
    count: 1 + (index % 9),
  }));
  const body = JSON.stringify({
    email: 'a@example.com',
    note: 'n',
    items,
  });
  const [first, ...others] = apps.map(({ name, app, note }) => ({
    name,
    measure: () => measure(app, body),
    ...(note && { note }),
  }));
  if (!first) throw new Error('there is nothing to measure');
  return compare({
    title,
    unit: 'requests/s',
    better: 'higher',
    contenders: [first, ...others],
  });
}

async function measure(app: RequestListener, body: string) {
  await using server = await listen(app);
  const { port } = server.server.address() as AddressInfo;
  const head = [
    'POST / HTTP/1.1',
    'host: a',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  const bytes = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
  const sockets = Array.from({ length: 8 }, () =>
    connect(port, '127.0.0.1'),
  );
  const rate = await operationsPerSecond(
    { clients: 8, seconds: 1.5 },
    (client) => exchange(sockets[client], bytes),
  );
  for (const socket of sockets) socket.destroy();
  return rate;
}

/** A client that costs little beside the server: no parser, no pool. */
async function exchange(socket: Socket | undefined, bytes: Buffer) {
  if (!socket) throw new Error('there is no socket for this client');
  const answered = once(socket, 'data');
  socket.write(bytes);
  const [answer] = await answered;
  if (!`${answer}`.startsWith('HTTP/1.1 200'))
    throw new Error(`${answer}`);
}
