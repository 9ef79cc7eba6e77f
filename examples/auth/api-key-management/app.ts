import express, { type Request } from 'express';
import type { Pool } from 'pg';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { createRequestParser } from '../../api-design/request-validation/create-request-parser.ts';
import { createApiKeys } from './api-keys.ts';
import { authenticate } from './authenticate.ts';
import { createKeyGuard } from './require-scope.ts';
import { createKeyVerifier } from './verify-keys.ts';

type AppOptions = {
  pool: Pool;
  log: Parameters<typeof answerErrors>[0] &
    Parameters<typeof createKeyVerifier>[0]['log'];
};

/** What the keys of this app look like and may do. */
export const RULES = {
  prefix: 'shop_test',
  scopes: ['orders:read', 'orders:write'],
} as const;

const DAY = 24 * 60 * 60;

const parseCreate = createRequestParser({
  body: z.strictObject({
    name: z.string(),
    scopes: z.array(z.string()).max(100),
    days: z.int().default(90),
  }),
});
const parseRotate = createRequestParser({
  body: z.strictObject({
    overlapSeconds: z.int().default(7 * DAY),
    days: z.int().default(90),
  }),
});

/** A shop with an API for programs, and a page where users manage keys. */
export function createApp({ pool, log }: AppOptions) {
  const app = express().disable('x-powered-by');

  // #region wire
  const keys = createApiKeys({ pool, rules: RULES });
  const verifier = createKeyVerifier({ pool, rules: RULES, log });
  const guard = createKeyGuard({ ...verifier, rules: RULES, log });

  app.get(
    '/orders',
    guard.requireScope('orders:read'),
    (request, response) => {
      const { ownerId } = guard.keyOf(request);
      response.json({ ordersOf: ownerId });
    },
  );

  // With a login, not a key: a leaked key must not make another.
  app.post('/api-keys', async (request, response) => {
    const issuer = await requireIssuer(request);
    const { body } = await parseCreate(request);
    response.set('cache-control', 'no-store');
    response.status(201).json(await keys.create(issuer, body));
  });

  async function requireIssuer(request: Request) {
    const userId = await authenticate(pool, request);
    return { ownerId: userId, createdBy: userId };
  }
  // #endregion wire

  app.post(
    '/orders',
    guard.requireScope('orders:write'),
    (_request, response) => {
      response.status(201).end();
    },
  );

  app.get('/api-keys', async (request, response) => {
    const { ownerId } = await requireIssuer(request);
    response.set('cache-control', 'no-store');
    response.json(await keys.list(ownerId));
  });

  app.post('/api-keys/:id/rotation', async (request, response) => {
    const issuer = await requireIssuer(request);
    const { body } = await parseRotate(request);
    const next = await keys.rotate(issuer, request.params.id, body);
    response.set('cache-control', 'no-store');
    response.status(201).json(next);
  });

  app.delete('/api-keys/:id', async (request, response) => {
    const { ownerId } = await requireIssuer(request);
    await keys.revoke(ownerId, request.params.id);
    response.status(204).end();
  });

  app.use(answerNotFound, answerErrors(log));
  return { app, flush: verifier.flush };
}
