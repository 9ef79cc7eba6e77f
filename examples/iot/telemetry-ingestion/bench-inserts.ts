import { finished } from 'node:stream/promises';
import type { ClientBase, Pool } from 'pg';
import { from } from 'pg-copy-streams';
import type { Reading } from './insert-readings.ts';

const COLUMNS =
  'device_id, sequence, measured_at, metric, value, at, received_at';

const KEEP = `insert into readings (${COLUMNS})`;

// Each way below keeps a batch in `readings`, and nothing else: neither
// the latest values nor revoked devices are their concern.

/** A statement and a commit for each. */
export async function insertSingly(pool: Pool, batch: Reading[]) {
  for (const reading of batch)
    await pool.query({
      name: 'insert-one',
      text: `${KEEP} values ($1, $2, $3, $4, $5, $6, $7)
             on conflict do nothing`,
      values: toValues(reading),
    });
}

/** One statement with as many rows. */
export async function insertMultiRow(pool: Pool, batch: Reading[]) {
  const rows = batch.map((_, row) => {
    const places = [1, 2, 3, 4, 5, 6, 7].map((n) => `$${row * 7 + n}`);
    return `(${places.join(', ')})`;
  });
  await pool.query(
    `${KEEP} values ${rows.join(', ')} on conflict do nothing`,
    batch.flatMap(toValues),
  );
}

/** COPY into a table of the session, and from there what is new. */
export async function copyAndInsert(pool: Pool, batch: Reading[]) {
  const client = await pool.connect();
  await client.query(
    `create temp table if not exists staged (like readings)
     on commit delete rows`,
  );
  await client.query('begin');
  await copy(client, 'staged', batch);
  await client.query(
    `${KEEP} select ${COLUMNS} from staged on conflict do nothing`,
  );
  await client.query('commit');
  client.release();
}

/** COPY into the table itself: one duplicate fails all of it. */
export async function copyStraight(pool: Pool, batch: Reading[]) {
  const client = await pool.connect();
  await copy(client, 'readings', batch);
  client.release();
}

async function copy(
  client: ClientBase,
  table: string,
  batch: Reading[],
) {
  const stream = client.query(
    from(`copy ${table} (${COLUMNS}) from stdin`),
  );
  const lines = batch.map((reading) => toValues(reading).join('\t'));
  stream.end(`${lines.join('\n')}\n`);
  await finished(stream);
}

function toValues(reading: Reading) {
  const { deviceId, sequence, metric, value } = reading;
  const { measuredAt, at, receivedAt } = reading;
  const [said, believed, received] = [measuredAt, at, receivedAt].map(
    (time) => time.toISOString(),
  );
  return [deviceId, sequence, said, metric, value, believed, received];
}
