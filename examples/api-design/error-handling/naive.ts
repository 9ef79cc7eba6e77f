import type { DatabaseSync } from 'node:sqlite';
import express, { type ErrorRequestHandler } from 'express';

// #region naive
const answerError: ErrorRequestHandler = (
  error,
  _,
  response,
  _next,
) => {
  console.error(error);
  response.status(error.status ?? 500).json({ error: error.message });
};
// #endregion naive

type Services = {
  database: DatabaseSync;
  /** Throws what the client of another server throws. */
  askBank: () => Promise<void>;
};

/** The tempting way: the status and the message of whatever was thrown. */
export function createNaiveApp({ database, askBank }: Services) {
  const app = express().use(express.json());
  app.get('/members', (_request, response) => {
    response.set('cache-control', 'public, max-age=3600');
    response.json(database.prepare('select * from membres').all());
  });
  app.post('/payments', async (_request, response) => {
    await askBank();
    response.status(201).end();
  });
  app.post('/sessions', (_request, response) => void response.end());
  return app.use(answerError);
}
