import { resolve } from 'node:path';
import { startPostgres } from '@touchstone/kit/postgres/server';

// npm start, for development: without DATABASE_URL, on a Postgres
// that keeps its data in .data and ends with this process.
if (!process.env.DATABASE_URL) {
  const dataFolder = resolve('.data/postgres');
  const { url, description } = await startPostgres({ dataFolder });
  console.error(description);
  process.env.DATABASE_URL = url;
}
await import('./serve.ts');
