import express from 'express';
import type { Pool } from 'pg';

type Services = { pool: Pool; confirm: (id: string) => Promise<void> };

/** The tempting way: what a new service often begins with. */
export async function createNaiveApp({ pool, confirm }: Services) {
  // #region naive-service
  await pool.query(
    `create table if not exists orders (
       id bigint generated always as identity primary key,
       customer text not null,
       cents int not null,
       confirmed_at timestamptz
     )`,
  );
  const app = express();
  app.use(express.json());
  app.post('/orders', async (request, response) => {
    const { customer, cents } = request.body;
    const { rows } = await pool.query(
      `insert into orders (customer, cents)
       values ($1, $2)
       returning id`,
      [customer, cents],
    );
    response.status(201).json({ id: rows[0].id });
    await confirm(rows[0].id); // the customer should not have to wait
  });
  // #endregion naive-service
  return app;
}
