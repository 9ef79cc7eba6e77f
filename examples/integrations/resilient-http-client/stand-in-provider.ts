import express from 'express';

/** A payments API for this machine: it charges each key once, and loses some answers. */
export function createStandInProvider() {
  const charges = new Map<string, object>();
  const seen = new Map<string, number>();
  const app = express().use(express.json());

  app.post('/charges', (request, response) => {
    const { order, cents } = request.body;
    const key = `${request.get('idempotency-key')}`;
    const time = (seen.get(key) ?? 0) + 1;
    seen.set(key, time);
    if (order === 'busy') return void response.status(503).end();
    if (!charges.has(key))
      charges.set(key, { id: `ch_${charges.size + 1}`, cents });
    if (order === 'lost' && time === 1)
      return void request.socket.resetAndDestroy();
    response.status(201).json(charges.get(key));
  });

  app.get('/statistics', (_request, response) => {
    const requests = [...seen.values()].reduce((a, b) => a + b, 0);
    response.json({ requests, charges: charges.size });
  });
  return app;
}
