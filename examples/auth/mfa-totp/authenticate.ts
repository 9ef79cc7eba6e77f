import type { Pool } from 'pg';

/** The password of everybody in this example. */
export const PASSWORD = 'correct horse battery';

/** Stands for your check of passwords; the id of the user, if it is right. */
export async function authenticate(
  pool: Pick<Pool, 'query'>,
  { email, password }: { email: string; password: string },
): Promise<string | undefined> {
  if (password !== PASSWORD) return;
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

/** Who is logged in, for the label of the QR code. */
export async function readEmail(
  pool: Pick<Pool, 'query'>,
  userId: string,
): Promise<string> {
  const { rows } = await pool.query<{ email: string }>(
    'select email from users where id = $1',
    [userId],
  );
  return `${rows[0]?.email}`;
}
