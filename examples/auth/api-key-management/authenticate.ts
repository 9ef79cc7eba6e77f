import type { IncomingMessage } from 'node:http';
import type { Pool } from 'pg';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';

/** The password of everybody in this example. */
export const PASSWORD = 'correct horse battery';

/** Stands for your login, with HTTP Basic; the id of the user, or a 401. */
export async function authenticate(
  pool: Pool,
  { headers }: IncomingMessage,
): Promise<string> {
  const [, base64 = ''] =
    /^Basic (\S+)$/.exec(headers.authorization ?? '') ?? [];
  const text = Buffer.from(base64, 'base64').toString();
  const [, email, password] = /^([^:]+):(.*)$/.exec(text) ?? [];
  if (password !== PASSWORD) throw refuse();
  const { rows } = await pool.query<{ id: string }>(
    `insert into users (email)
     values (lower($1))
     on conflict (email) do update
     set email = excluded.email
     returning id`,
    [email],
  );
  const [user] = rows;
  if (!user) throw new Error('Postgres did not return the user');
  return user.id;
}

function refuse(): HttpProblem {
  return new HttpProblem(401, 'wrong_credentials', 'Log in', {
    headers: { 'www-authenticate': 'Basic realm="account"' },
  });
}
