import type { Pool } from 'pg';

/** The password of everybody in this example. */
export const PASSWORD = 'correct horse battery';

/** Stands for your own check of passwords; the id of the user, if the password is right. */
export async function authenticate(
  pool: Pool,
  { email, password }: { email: string; password: string },
): Promise<string | undefined> {
  if (password !== PASSWORD) return undefined;
  const { rows } = await pool.query<{ id: string }>(
    `insert into users (email)
     values ($1)
     on conflict (email) do update
     set email = excluded.email
     returning id`,
    [email],
  );
  return rows[0]?.id;
}
