import { AsyncLocalStorage } from 'node:async_hooks';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import type { PoolClient } from 'pg';
import {
  createCarrier,
  receiveCorrelation,
  runWithCorrelation,
} from './correlation.ts';
import { tagTransaction } from './tag-transaction.ts';

type Tag = (client: PoolClient) => Promise<void>;
type Find = { name?: string; text: string };

await using database = await freshDatabase({
  schema: new URL('schema.sql', import.meta.url),
});
const { pool } = database;
await pool.query(
  `insert into orders (sku)
   select 'sku-' || number from generate_series(1, 10000) number`,
);
const text = 'select sku from orders where id = $1';
const named = () => ({ name: 'find-order', text });
const commented = () => ({
  text: `${text} /*traceparent='00-${crypto.randomUUID()}'*/`,
});
const nothing = async () => {};
const tag: Tag = (client) => tagTransaction(client, 'shop');

const transactions = await compare({
  title: 'Transactions of four reads a second, 4 clients',
  unit: 'transactions/s',
  better: 'higher',
  contenders: [
    {
      name: 'this pattern: one set_config a transaction',
      note: 'named statements',
      measure: () => measureTag(tag, named),
    },
    {
      name: 'a comment in each statement (naive)',
      note: 'sqlcommenter’s form; each text is new, so no statement can be named',
      measure: () => measureTag(nothing, commented),
    },
    {
      name: 'no id in Postgres',
      note: 'named statements',
      measure: () => measureTag(nothing, named),
    },
  ],
});

const propagator = new W3CTraceContextPropagator();
const tracer = new BasicTracerProvider().getTracer('bench');
const contexts = new AsyncLocalStorage();
const received = {
  'x-request-id': 'order-of-ada',
  traceparent:
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
};
const headers = await compare({
  title: 'Headers of a request in and of a call out, one core',
  unit: 'requests/s',
  better: 'higher',
  contenders: [
    {
      name: 'this pattern',
      note: 'two new span ids, a context for the log',
      measure: () => measureHeaders(passOn),
    },
    {
      name: 'OpenTelemetry SDK',
      note: 'two spans with times, sent to no exporter; no request id',
      measure: () => measureHeaders(propagate),
    },
    {
      name: 'the headers as they came (naive)',
      note: 'nothing is checked',
      measure: () => measureHeaders(() => ({ ...received })),
    },
  ],
});

const { rows } = await pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'observability/request-id-and-correlation',
  software: `PostgreSQL ${rows[0].server_version}`,
  tables: [transactions, headers],
});

function measureTag(tag: Tag, find: () => Find) {
  return operationsPerSecond({ clients: 4, seconds: 2 }, () =>
    runWithCorrelation(receiveCorrelation({}), () => work(tag, find)),
  );
}

async function work(tag: Tag, find: () => Find) {
  const client = await pool.connect();
  await client.query('begin');
  await tag(client);
  for (let read = 0; read < 4; read++) {
    const id = 1 + Math.floor(Math.random() * 10_000);
    await client.query({ ...find(), values: [id] });
  }
  await client.query('commit');
  client.release();
}

function passOn() {
  return runWithCorrelation(
    receiveCorrelation(received),
    createCarrier,
  );
}

function propagate() {
  const parent = propagator.extract(
    ROOT_CONTEXT,
    received,
    defaultTextMapGetter,
  );
  const request = tracer.startSpan('request', {}, parent);
  const context = trace.setSpan(parent, request);
  return contexts.run(context, () => {
    const call = tracer.startSpan('call', {}, context);
    const carrier: Record<string, string> = {};
    const inner = trace.setSpan(context, call);
    propagator.inject(inner, carrier, defaultTextMapSetter);
    call.end();
    request.end();
    return carrier;
  });
}

/** A thousand at a time: the clock of the bench is read once for all of them. */
async function measureHeaders(run: () => object): Promise<number> {
  const many = async () => {
    for (let count = 0; count < 1000; count++) run();
  };
  return (
    1000 * (await operationsPerSecond({ clients: 1, seconds: 2 }, many))
  );
}
