import type { Pool } from 'pg';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';

/** The password of everybody in this example. */
export const PASSWORD = 'correct horse battery';

/** Stands for how your users sign in until they have a passkey. */
export async function authenticate(
  pool: Pick<Pool, 'query'>,
  { email, password }: { email: string; password: string },
): Promise<string> {
  const { rows } = await pool.query<{ id: string }>(
    `insert into users (email)
     values ($1)
     on conflict (email) do update
     set email = excluded.email
     returning id`,
    [email],
  );
  const [user] = rows;
  if (user && password === PASSWORD) return user.id;
  throw new HttpProblem(401, 'wrong_credentials', 'Try again');
}

/** What the browser shows beside the passkey. */
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
