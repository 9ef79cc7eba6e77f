import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Notification, Pool } from 'pg';

/** The tempting way: NOTIFY carries the event to each process, which writes it to the readers that are connected. */
export async function createNaiveStreams({ pool }: { pool: Pool }) {
  const responses = new Set<ServerResponse>();
  const listener = await pool.connect();
  listener.on('notification', broadcast);
  await listener.query('listen events');

  // #region naive-broadcast
  async function publish(data: unknown) {
    const payload = JSON.stringify(data);
    await pool.query(`select pg_notify('events', $1)`, [payload]);
  }

  function broadcast({ payload }: Notification) {
    for (const response of responses)
      response.write(`data: ${payload}\n\n`);
  }
  // #endregion naive-broadcast

  function follow(_request: IncomingMessage, response: ServerResponse) {
    responses.add(response);
    response.on('close', () => responses.delete(response));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
  }

  function stop() {
    listener.off('notification', broadcast);
    for (const response of responses) response.end();
    listener.release(true);
  }

  return { publish, follow, stop, responses };
}
