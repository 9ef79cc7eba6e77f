import type { Pool } from 'pg';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';

/** The password of everybody in this example. */
export const PASSWORD = 'correct horse battery';

/** Stands for your own check of passwords; returns the id of the user, or throws a 401. */
export async function authenticate(
  pool: Pool,
  { body }: { body: { email: string; password: string } },
): Promise<string> {
  if (body.password !== PASSWORD)
    throw new HttpProblem(401, 'wrong_credentials', 'Try again');
  const { rows } = await pool.query<{ id: string }>(
    `insert into users (email)
     values ($1)
     on conflict (email) do update
     set email = excluded.email
     returning id`,
    [body.email],
  );
  const [user] = rows;
  if (!user) throw new Error('Postgres did not return the user');
  return user.id;
}
