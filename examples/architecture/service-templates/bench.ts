import { freshDatabase } from '@touchstone/kit/postgres/database';
import { startProgram } from '@touchstone/kit/programs/program';
import {
  compare,
  operationsPerSecond,
  writeBench,
} from '@touchstone/kit/testing/bench';
import { createClient } from '@touchstone/kit/testing/client';
import { waitUntil } from '@touchstone/kit/time/wait';

const LOAD = { clients: 16, seconds: 2 };
const schema = new URL('empty.sql', import.meta.url);

await using ours = await freshDatabase({ schema, durable: true });
await using naive = await freshDatabase({ schema, durable: true });
await using service = await startProgram(
  new URL('serve.ts', import.meta.url),
  { DATABASE_URL: ours.url, PORT: '0', LOG_LEVEL: 'info' },
);
await using other = await startProgram(
  new URL('naive-main.ts', import.meta.url),
  { DATABASE_URL: naive.url, CONFIRM_SECONDS: '0' },
);
const { rows } = await ours.pool.query('show server_version');

const table = await compare({
  title: 'Orders placed over HTTP, 16 clients',
  unit: 'orders/s',
  better: 'higher',
  contenders: [
    contender('this pattern', service.url, {
      note: 'a job for each, done meanwhile, and a line of log',
      settle: () =>
        waitUntil('no job is left', async () => {
          const { rowCount } =
            await ours.pool.query('select from jobs');
          return rowCount === 0;
        }),
    }),
    contender('Express and pg (naive)', other.url, {
      note: 'confirms after the answer, and may lose it',
      settle: async () => {},
    }),
  ],
});
writeBench(new URL('bench.json', import.meta.url), {
  id: 'architecture/service-templates',
  software: `PostgreSQL ${rows[0].server_version}, Express 5.3`,
  tables: [table],
});

type Details = { note: string; settle: () => Promise<void> };

function contender(name: string, url: string, details: Details) {
  const send = createClient(url);
  async function measure() {
    // What is left of the round before must not count.
    await details.settle();
    return await operationsPerSecond(LOAD, async () => {
      await place(send);
    });
  }
  return { name, note: details.note, measure };
}

async function place(send: ReturnType<typeof createClient>) {
  const body = { customer: 'Ada', cents: 4200 };
  const { status } = await send('POST', '/orders', { body });
  if (status !== 201) throw new Error(`an order is answered ${status}`);
}
