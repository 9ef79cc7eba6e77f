import { createHmac } from 'node:crypto';
import express from 'express';
import type { Pool } from 'pg';
import { credit } from './accounts.ts';

/** The tempting way: parse the JSON, compare a hash, do the work, answer. */
export function createNaiveApp({
  pool,
  secret,
}: {
  pool: Pool;
  secret: string;
}) {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const app = express().use(express.json());

  // #region naive-receive
  app.post('/webhooks/acme', async (request, response) => {
    const id = request.get('webhook-id');
    const timestamp = request.get('webhook-timestamp');
    const payload = JSON.stringify(request.body);
    const expected = createHmac('sha256', key)
      .update(`${id}.${timestamp}.${payload}`)
      .digest('base64');
    const isGenuine =
      request.get('webhook-signature') === `v1,${expected}`;

    if (isGenuine) await credit(request.body.data, pool);
    response.status(isGenuine ? 204 : 401).end();
  });
  // #endregion naive-receive

  return app;
}
