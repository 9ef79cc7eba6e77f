import express from 'express';

/** The tempting way: take the body as it is, and coerce the query. */
export function createNaiveApp() {
  const orders: { cents: number; paid: boolean }[] = [];
  const app = express().use(express.json());

  // #region naive
  app.post('/orders', (request, response) => {
    const order = { paid: false, ...request.body };
    orders.push(order);
    response.status(201).json(order);
  });

  app.get('/orders', (request, response) => {
    const paid = Boolean(request.query.paid);
    const limit = Number(request.query.limit ?? 20);
    const found = orders.filter((order) => order.paid === paid);
    response.json({ paid, limit, found: found.slice(0, limit) });
  });
  // #endregion naive

  return app;
}
