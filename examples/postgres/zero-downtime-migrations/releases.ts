import type { Pool } from 'pg';
import { z } from 'zod';

/** One release of the application: the part that knows the table. */
export type Release = {
  create: (body: unknown) => Promise<string>;
  find: (id: string) => Promise<object | undefined>;
  rename: (id: string, body: unknown) => Promise<boolean>;
};

export type ReleaseName = 'old' | 'new';

const name = z.string().trim().min(1).max(100);
const oldUser = z.strictObject({ fullName: name });
const newUser = z.strictObject({
  givenName: name,
  familyName: name.or(z.literal('')),
});

/** Knows `full_name`, and nothing of any migration. */
export function createOldRelease(pool: Pool): Release {
  async function create(body: unknown) {
    const { fullName } = oldUser.parse(body);
    const { rows } = await pool.query<{ id: string }>(
      'insert into users (full_name) values ($1) returning id',
      [fullName],
    );
    return rows[0]?.id ?? '';
  }

  async function find(id: string) {
    const { rows } = await pool.query<object>(
      'select id, full_name as "fullName" from users where id = $1',
      [id],
    );
    return rows[0];
  }

  async function rename(id: string, body: unknown) {
    const { fullName } = oldUser.parse(body);
    const { rowCount } = await pool.query(
      'update users set full_name = $2 where id = $1',
      [id, fullName],
    );
    return rowCount === 1;
  }

  return { create, find, rename };
}

type Names = { givenName: string | null };

/** Knows `given_name` and `family_name`, and no `full_name`. */
export function createNewRelease(pool: Pool): Release {
  async function create(body: unknown) {
    const { givenName, familyName } = newUser.parse(body);
    const { rows } = await pool.query<{ id: string }>(
      `insert into users (given_name, family_name)
       values ($1, $2)
       returning id`,
      [givenName, familyName],
    );
    return rows[0]?.id ?? '';
  }

  async function find(id: string) {
    const { rows } = await pool.query<Names>(
      `select id, given_name as "givenName", family_name as "familyName"
       from users
       where id = $1`,
      [id],
    );
    const [user] = rows;
    // Before the backfill: an update that changes nothing splits it.
    return user?.givenName === null ? await split(id) : user;
  }

  async function split(id: string) {
    const { rows } = await pool.query<Names>(
      `update users
       set given_name = given_name
       where id = $1
       returning id, given_name as "givenName",
                 family_name as "familyName"`,
      [id],
    );
    return rows[0];
  }

  async function rename(id: string, body: unknown) {
    const { givenName, familyName } = newUser.parse(body);
    const { rowCount } = await pool.query(
      `update users
       set given_name = $2, family_name = $3
       where id = $1`,
      [id, givenName, familyName],
    );
    return rowCount === 1;
  }

  return { create, find, rename };
}
