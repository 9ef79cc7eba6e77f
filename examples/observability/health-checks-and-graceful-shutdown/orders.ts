import express from 'express';
import type { Pool } from 'pg';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';

/** Orders that take a moment: two statements, with a pause between them. */
export function createOrders({ pool }: { pool: Pool }) {
  const app = express().disable('x-powered-by');

  app.post('/', async (_request, response) => {
    await pool.query('select pg_sleep(0.1)');
    const { rows } = await pool.query<{ id: string }>(
      'insert into orders (cents) values (4200) returning id',
    );
    response.status(201).json({ id: rows[0]?.id });
  });

  app.use(answerNotFound, answerErrors(console));
  return app;
}
