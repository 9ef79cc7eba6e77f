import type { Pool } from 'pg';

/** The tempting way: one script, in one transaction, that does it all. */
export function createNaiveMigration({ pool }: { pool: Pool }) {
  async function migrate(script = SCRIPT) {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query(script);
      await client.query('commit');
    } finally {
      client.release(true);
    }
  }

  return { migrate };
}

// #region naive-script
const SCRIPT = `
  alter table users
    add column given_name text,
    add column family_name text;
  update users
  set given_name = split_part(full_name, ' ', 1),
      family_name = substr(full_name, strpos(full_name, ' ') + 1);
  alter table users
    alter column given_name set not null,
    alter column family_name set not null;
  create index users_by_family_name
    on users (family_name, given_name);
  alter table users
    drop column full_name`;
// #endregion naive-script
