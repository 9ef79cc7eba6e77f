import express from 'express';
import fastify from 'fastify';
import { z } from 'zod';
import { createRequestParser } from './create-request-parser.ts';

const item = z.strictObject({
  sku: z.string().max(40),
  count: z.int().min(1).max(100),
});
const order = z.strictObject({
  email: z.string().max(254),
  note: z.string().max(1_000),
  items: z.array(item).max(1_000),
});

/** The pattern. */
export function createPatternApp() {
  const parse = createRequestParser({ body: order });
  const app = express().disable('x-powered-by');
  return app.post('/', async (request, response) => {
    const { body } = await parse(request);
    response.json({ count: body.items.length });
  });
}

/** What Express parses, taken as it is. */
export function createNaiveApp() {
  const app = express().disable('x-powered-by');
  return app.use(express.json()).post('/', (request, response) => {
    response.json({ count: request.body.items.length });
  });
}

/** express.json and zod, without the checks on the text. */
export function createZodApp() {
  const app = express().disable('x-powered-by');
  return app.use(express.json()).post('/', (request, response) => {
    const body = order.parse(request.body);
    response.json({ count: body.items.length });
  });
}

/** Fastify with ajv, which compiles the schema; set to refuse and not to change. */
export async function createFastifyApp() {
  const app = fastify({
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
      },
    },
  });
  const schema = { body: z.toJSONSchema(order, { target: 'draft-7' }) };
  app.post<{ Body: z.infer<typeof order> }>(
    '/',
    { schema },
    async ({ body }) => ({
      count: body.items.length,
    }),
  );
  await app.ready();
  return app.routing;
}
