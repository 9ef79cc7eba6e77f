import pg from 'pg';
import { expect, it } from 'vitest';
import { waitUntil } from '../time/wait.ts';
import { startReplica } from './replica.ts';
import { startPostgres } from './server.ts';

it('shows what the primary has committed, before and after it was started', async () => {
  await using primary = await startPostgres();
  await query(primary.url, `create table notes as select 'before' as text`);
  await using replica = await startReplica(primary);

  await query(primary.url, `insert into notes values ('after')`);

  await waitUntil('the second row has arrived', async () => {
    const { rows } = await query(replica.url, 'select text from notes');
    return rows.length === 2;
  });
  await expect(query(replica.url, 'drop table notes')).rejects.toMatchObject({ code: '25006' });
});

async function query(url: string, text: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}
