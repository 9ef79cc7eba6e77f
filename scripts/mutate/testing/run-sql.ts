import { readFileSync } from 'node:fs';
import { openPool } from '@touchstone/kit/postgres/database';

/** SQL around that of a file: what its tables are, and what is asked when it has run. */
export type Surroundings = { before?: string; after?: string[] };

/** The rows of the last statement, in the database TOUCHSTONE_POSTGRES; nothing stays in it. */
export async function runSql(file: URL, { before = '', after = [] }: Surroundings) {
  const url = process.env.TOUCHSTONE_POSTGRES;
  if (url === undefined) throw new Error('set TOUCHSTONE_POSTGRES to a throw-away server');
  await using database = openPool(url, { max: 1 });
  await database.pool.query(`begin; ${before}`);
  let { rows } = await database.pool.query(readFileSync(file, 'utf8'));
  for (const statement of after) ({ rows } = await database.pool.query(statement));
  return rows;
}
