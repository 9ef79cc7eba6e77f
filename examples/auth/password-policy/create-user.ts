import type { Pool } from 'pg';

/** Stands for your registration; whether the address is new, only its owner may learn. */
export async function createUser(
  pool: Pool,
  email: string,
  hash: string,
): Promise<void> {
  await pool.query(
    `with person as (
       insert into users (email)
       values ($1)
       on conflict do nothing
       returning id
     )
     insert into password_hashes (user_id, hash)
     select id, $2
     from person`,
    [email, hash],
  );
}
