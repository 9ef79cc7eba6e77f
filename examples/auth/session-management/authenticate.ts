import type { Pool } from 'pg';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';

/** The password of everybody in this example. */
export const PASSWORD = 'correct horse battery';
/** The second factor of everybody. */
export const CODE = '123456';

/** Stands for your check of passwords; the id of the user, or a 401. */
export async function authenticate(
  pool: Pool,
  { email, password }: { email: string; password: string },
): Promise<string> {
  if (password !== PASSWORD) throw refuse();
  const { rows } = await pool.query<{ id: string }>(
    `insert into users (email)
     values ($1)
     on conflict (email) do update
     set email = excluded.email
     returning id`,
    [email],
  );
  const [user] = rows;
  if (!user) throw new Error('Postgres did not return the user');
  return user.id;
}

/** Stands for your check of a second factor. */
export function requireCode(code: string): void {
  if (code !== CODE) throw refuse();
}

function refuse(): HttpProblem {
  return new HttpProblem(401, 'wrong_credentials', 'Try again');
}
