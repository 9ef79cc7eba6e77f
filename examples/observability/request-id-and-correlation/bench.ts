import { freshDatabase } from '@touchstone/kit/postgres/database';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import type { PoolClient } from 'pg';
import {
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

const table = await compare({
  title: 'Transactions of four reads a second, 4 clients',
  unit: 'transactions/s',
  better: 'higher',
  contenders: [
    {
      name: 'this pattern: one set_config a transaction',
      note: 'named statements',
      measure: () => measure(tag, named),
    },
    {
      name: 'a comment in each statement (naive)',
      note: 'sqlcommenter’s form; each text is new, so no statement can be named',
      measure: () => measure(nothing, commented),
    },
    {
      name: 'no id in Postgres',
      note: 'named statements',
      measure: () => measure(nothing, named),
    },
  ],
});
const { rows } = await pool.query('show server_version');
writeBench(new URL('bench.json', import.meta.url), {
  id: 'observability/request-id-and-correlation',
  software: `PostgreSQL ${rows[0].server_version}`,
  tables: [table],
});

function measure(tag: Tag, find: () => Find) {
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
