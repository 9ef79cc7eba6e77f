import express from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import type { createDeadJobs } from './dead-jobs.ts';
import type { createOrders } from './orders.ts';

type Services = {
  orders: Pick<
    ReturnType<typeof createOrders>,
    'place' | 'find' | 'listDeadJobs'
  >;
  deadJobs: Pick<ReturnType<typeof createDeadJobs>, 'revive'>;
  log: Parameters<typeof answerErrors>[0];
};

const parseOrder = createRequestParser({
  body: z.strictObject({
    customer: z.string().min(1).max(100),
    cents: z.int().min(1).max(100_000_000),
  }),
});
const parseId = createRequestParser({
  params: z.strictObject({ id: z.string().regex(/^[1-9]\d{0,17}$/) }),
});

/** A shop that answers at once and makes the invoice afterwards. */
export function createApp({ orders, deadJobs, log }: Services) {
  const app = express().disable('x-powered-by');

  app.post('/orders', async (request, response) => {
    const { customer, cents } = (await parseOrder(request)).body;
    const id = await orders.place(customer, cents);
    response.status(201).location(`/orders/${id}`).json({ id });
  });

  app.get('/orders/:id', async (request, response) => {
    const { id } = (await parseId(request)).params;
    const found = await orders.find(id);
    if (!found)
      throw new HttpProblem(404, 'no_such_order', `No order ${id}`);
    response.json(found);
  });

  // For operators: a real one asks who they are.
  app.get('/dead-jobs', async (_request, response) => {
    response.json(await orders.listDeadJobs());
  });

  app.post('/dead-jobs/:id/revival', async (request, response) => {
    const { id } = (await parseId(request)).params;
    if (!(await deadJobs.revive(id))) {
      const advice = 'It is not dead, or a newer one waits';
      throw new HttpProblem(404, 'no_such_job', advice);
    }
    response.status(204).end();
  });

  app.use(answerNotFound, answerErrors(log));
  return app;
}
