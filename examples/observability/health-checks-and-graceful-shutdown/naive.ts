import { createServer } from 'node:http';
import { openPool } from '@touchstone/kit/postgres';
import { createApp } from './app.ts';

const { pool } = openPool(`${process.env.DATABASE_URL}`);
const app = createApp({ pool });

// #region naive-health
const server = createServer(async (request, response) => {
  if (request.url !== '/health') return app(request, response);
  try {
    await pool.query('select 1');
    response.end('ok');
  } catch (error) {
    response.writeHead(503).end(String(error));
  }
});

process.on('SIGTERM', async () => {
  server.close();
  await pool.end();
  process.exit(0);
});
// #endregion naive-health

server.listen(Number(process.env.PORT), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${process.env.PORT}`);
});
