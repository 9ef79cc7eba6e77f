import { createServer, type RequestListener } from 'node:http';
import type { Pool } from 'pg';

type Runtime = Pick<NodeJS.EventEmitter, 'on'> & {
  exit: (code: number) => void;
};

/** The tempting way: one probe for all, and everything closed at once. */
export function createNaiveServer(
  pool: Pool,
  app: RequestListener,
  process: Runtime,
) {
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
  return server;
}
