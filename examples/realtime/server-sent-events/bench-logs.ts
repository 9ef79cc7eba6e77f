import type { Pool } from 'pg';

/** The other way to an order without losses: read only what is older than any transaction that runs. */
export async function createHorizonLog({ pool }: { pool: Pool }) {
  await pool.query(
    `create table if not exists horizon_events (
       id bigint generated always as identity primary key,
       transaction xid8 not null default pg_current_xact_id(),
       topic text not null,
       data text not null
     )`,
  );

  async function append(topic: string, data: unknown) {
    await pool.query(
      `with event as (
         insert into horizon_events (topic, data)
         values ($1, $2)
         returning id
       )
       select id, pg_notify('topics', $1) from event`,
      [topic, JSON.stringify(data)],
    );
  }

  async function read(topic: string) {
    const { rows } = await pool.query<{ data: string }>(
      `select data
       from horizon_events
       where topic = $1
         and transaction < pg_snapshot_xmin(pg_current_snapshot())
       order by transaction, id`,
      [topic],
    );
    return rows.map(({ data }) => JSON.parse(data));
  }

  return { append, read };
}

/** The append of the pattern without its notification: what NOTIFY costs. */
export async function appendSilently(pool: Pool, event: string[]) {
  await pool.query(
    `with topic as (
       insert into topics (name, last_id)
       values ($1, 1)
       on conflict (name) do update
       set last_id = topics.last_id + 1
       returning name, last_id
     )
     insert into events (topic, id, type, data)
     select name, last_id, $2, $3 from topic`,
    event,
  );
}
