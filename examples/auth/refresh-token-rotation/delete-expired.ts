import type { Pool } from 'pg';

// #region delete-expired
/** Deletes a batch of tokens and logins that are over, and waits for no lock; call it until it returns 0. */
export async function deleteExpired(pool: Pool, limit = 1000) {
  const tokens = await pool.query(
    `delete from refresh_tokens
     where hash in (
       select hash
       from refresh_tokens
       where expires_at <= now()
       limit $1
       for update skip locked
     )`,
    [limit],
  );
  // Never by cascade: a login may have thousands of tokens.
  const families = await pool.query(
    `delete from refresh_families
     where id in (
       select id
       from refresh_families family
       where expires_at <= now()
         and not exists (
           select from refresh_tokens where family_id = family.id
         )
       limit $1
       for update skip locked
     )`,
    [limit],
  );
  return Number(tokens.rowCount) + Number(families.rowCount);
}
// #endregion delete-expired
