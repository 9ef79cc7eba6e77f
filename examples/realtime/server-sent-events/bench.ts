import { randomUUID } from 'node:crypto';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { appendSilently, createHorizonLog } from './bench-logs.ts';
import { connectReaders, type Protocol } from './bench-readers.ts';
import { createEventLog } from './event-log.ts';

const READERS = 500;
const EVENTS = 400;
const WRITERS = 8;
/** One event at a time, so that nothing waits for another. */
const SINGLE_EVENTS = 200;

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
  durable: true,
});
const { pool } = database;
const topic = 'bench';
const { append } = createEventLog({ db: pool });
await append({ topic, type: 'moved', data: 0 });
const horizon = await createHorizonLog({ pool });

const contenders: [Named, ...Named[]] = [
  { name: 'this pattern', id: 'pattern', protocol: 'sse' },
  {
    name: 'NOTIFY to response.write (naive)',
    id: 'naive',
    protocol: 'sse',
    note: 'keeps nothing: a reader that is not connected misses it',
  },
  {
    name: 'ws',
    id: 'ws',
    protocol: 'ws',
    note: 'one process, no database: a reader that is not connected misses it',
  },
  {
    name: 'ws, one frame for what a turn brings',
    id: 'wsBatched',
    protocol: 'ws',
    note: 'as above, batched like the pattern',
  },
  {
    name: 'socket.io',
    id: 'socketIo',
    protocol: 'socket.io',
    note: 'over WebSocket; one process, no database',
  },
];
const tables = [
  await compare({
    title: `From append to the last of ${READERS} readers, 95th percentile`,
    unit: 'ms',
    better: 'lower',
    contenders: mapAll(contenders, measureLatency),
  }),
  await compare({
    title: `Fan-out to ${READERS} readers, ${WRITERS} writers at once`,
    unit: 'events × readers/s',
    better: 'higher',
    contenders: mapAll(contenders, measureFanOut),
  }),
  await compare({
    title: 'Memory of an idle reader, 2,000 of them',
    unit: 'bytes',
    better: 'lower',
    contenders: mapAll(contenders, measureMemory),
  }),
  await compareAppends(),
];
const { rows } = await pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'realtime/server-sent-events',
  software: `PostgreSQL ${rows[0].server_version}`,
  tables,
});

type Named = {
  name: string;
  id: string;
  protocol: Protocol;
  note?: string;
};

function mapAll(
  [first, ...others]: [Named, ...Named[]],
  measure: (contender: Named) => Promise<number>,
): Parameters<typeof compare>[0]['contenders'] {
  const toContender = (contender: Named) => ({
    name: contender.name,
    ...(contender.note && { note: contender.note }),
    measure: () => measure(contender),
  });
  return [toContender(first), ...others.map(toContender)];
}

function start(contender: Named) {
  return startProgram(new URL('bench-server.ts', import.meta.url), {
    CONTENDER: contender.id,
    DATABASE_URL: database.url,
    TOPIC: topic,
  });
}

/** Of single events, the time from the call until all readers have it. */
async function measureLatency(contender: Named): Promise<number> {
  await using server = await start(contender);
  const { protocol } = contender;
  const readers = await connectReaders(server.url, protocol, READERS);
  const times: number[] = [];
  for (let n = 0; n < SINGLE_EVENTS; n++) {
    const mark = randomUUID();
    const begun = performance.now();
    const seen = readers.saw(mark);
    await fetch(`${server.url}/publish?count=1&mark=${mark}`);
    await seen;
    times.push(performance.now() - begun);
  }
  readers.close();
  times.sort((a, b) => a - b);
  return times[Math.floor(SINGLE_EVENTS * 0.95)] ?? Number.NaN;
}

async function measureFanOut(contender: Named): Promise<number> {
  await using server = await start(contender);
  const { protocol } = contender;
  const readers = await connectReaders(server.url, protocol, READERS);
  const mark = randomUUID();
  const begun = performance.now();
  const seen = readers.saw(mark);
  await fetch(`${server.url}/publish?count=${EVENTS}&mark=${mark}`);
  await seen;
  const seconds = (performance.now() - begun) / 1000;
  readers.close();
  return (READERS * EVENTS) / seconds;
}

async function measureMemory(contender: Named): Promise<number> {
  await using server = await start(contender);
  const ask = async () =>
    Number(await (await fetch(`${server.url}/memory`)).text());
  const before = await ask();
  const { protocol } = contender;
  const readers = await connectReaders(server.url, protocol, 2000);
  const after = await ask();
  readers.close();
  return (after - before) / 2000;
}

function compareAppends() {
  const load = { clients: WRITERS, seconds: 2 };
  const measure = (write: (client: number) => Promise<unknown>) => () =>
    operationsPerSecond(load, write);
  const event = { type: 'moved', data: { text: 'x'.repeat(180) } };
  const data = JSON.stringify(event.data);
  return compare({
    title: `Appends, ${WRITERS} writers at once`,
    unit: 'events/s',
    better: 'higher',
    contenders: [
      {
        name: 'this pattern, all to one topic',
        measure: measure(() => append({ topic, ...event })),
      },
      {
        name: 'this pattern, a topic for each',
        measure: measure((n) =>
          append({ topic: `bench-${n}`, ...event }),
        ),
      },
      {
        name: 'identity column, read up to the oldest transaction',
        measure: measure(() => horizon.append(topic, event)),
        note: 'any open transaction that writes stops all readers',
      },
      {
        name: 'this pattern without NOTIFY, a topic for each',
        measure: measure((n) =>
          appendSilently(pool, [`bench-${n}`, 'moved', data]),
        ),
        note: 'commits share a write to the disk; readers poll',
      },
      {
        name: 'pg_notify alone (naive)',
        measure: measure(() =>
          pool.query(`select pg_notify('events', $1)`, [
            JSON.stringify(event),
          ]),
        ),
        note: 'keeps nothing',
      },
    ],
  });
}
