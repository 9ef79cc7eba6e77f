import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Pool } from 'pg';

/** A shop whose orders take a moment: two statements, with a pause between them. */
export function createApp({ pool }: { pool: Pool }) {
  async function placeOrder() {
    await pool.query('select pg_sleep(0.1)');
    const { rows } = await pool.query<{ id: string }>(
      'insert into orders (cents) values (4200) returning id',
    );
    return rows[0]?.id;
  }

  return async function handle(
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    request.resume();
    try {
      const id = await placeOrder();
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ id }));
    } catch (error) {
      console.error('order failed', error);
      response.writeHead(500).end();
    }
  };
}
