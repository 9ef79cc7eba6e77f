import express from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
  refuseMethod,
} from '../error-handling/answer-errors.ts';
import { createRequestParser } from './create-request-parser.ts';
import { booleanText, integerText, listText } from './from-text.ts';

type Services = { log: Parameters<typeof answerErrors>[0] };
type Order = {
  shop: string;
  email: string;
  cents: number;
  paid: boolean;
};

// #region schemas
const shop = z.strictObject({
  shop: z.string().regex(/^[a-z]{1,20}$/),
});

const parseNewOrder = createRequestParser({
  params: shop,
  body: z.strictObject({
    email: z.email().max(254),
    cents: z.int().min(1).max(10_000_000),
  }),
});

const parseSearch = createRequestParser({
  params: shop,
  query: z.strictObject({
    paid: booleanText.optional(),
    email: listText(z.email(), 10).optional(),
    limit: integerText({ min: 1, max: 100 }).default(20),
  }),
});
// #endregion schemas

// #region wire
/** Orders of shops; every input is parsed at the edge. */
export function createApp({ log }: Services) {
  const orders: Order[] = [];
  const app = express().disable('x-powered-by');

  app
    .route('/shops/:shop/orders')
    .post(async (request, response) => {
      const { params, body } = await parseNewOrder(request);
      orders.push({ ...params, ...body, paid: false });
      response.status(201).json({ number: orders.length });
    })
    .get(async (request, response) => {
      const { params, query } = await parseSearch(request);
      const found = orders.filter(
        ({ shop, paid, email }) =>
          shop === params.shop &&
          paid === (query.paid ?? paid) &&
          (query.email?.includes(email) ?? true),
      );
      response.json(found.slice(0, query.limit));
    })
    .all(refuseMethod);

  app.use(answerNotFound, answerErrors(log));
  return app;
}

/** Node answers a request that takes longer with 408. */
export const serverLimits = {
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
};
// #endregion wire
