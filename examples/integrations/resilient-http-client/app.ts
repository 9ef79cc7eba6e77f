import express from 'express';
import { z } from 'zod';
import {
  answerErrors,
  answerNotFound,
} from '../../api-design/error-handling/answer-errors.ts';
import { HttpProblem } from '../../api-design/error-handling/http-problem.ts';
import { translateZodError } from '../../api-design/error-handling/translate-zod-error.ts';
import type { createHttpClient } from './http-client.ts';
import { HttpClientError } from './http-client-error.ts';
import { type createPayments, PaymentError } from './payments.ts';

type Services = {
  payments: ReturnType<typeof createPayments>;
  previews: Pick<ReturnType<typeof createHttpClient>, 'request'>;
  log: { error: (message: string, details: object) => void };
};

const payment = z.strictObject({
  order: z.string().regex(/^\w{1,40}$/),
  cents: z.number().int().min(1).max(100_000_000),
});
const link = z.strictObject({ url: z.url().max(2000) });

/** Pays orders at a provider, and previews links of users. */
export function createApp({ payments, previews, log }: Services) {
  const app = express().disable('x-powered-by');
  app.use(express.json({ limit: '4kb' }));

  app.post('/payments', async (request, response) => {
    const { order, cents } = payment.parse(request.body);
    const charge = await payments
      .chargeOrder(order, cents)
      .catch((error: unknown) => {
        throw toProblem(error);
      });
    response.status(201).json(charge);
  });

  app.post('/previews', async (request, response) => {
    const { url } = link.parse(request.body);
    const { status, body } = await previews
      .request(url)
      .catch((error: unknown) => {
        throw toProblem(error);
      });
    const [, title = ''] = /<title>(.{0,200})/.exec(`${body}`) ?? [];
    response.json({ status, title });
  });

  app.use(answerNotFound, answerErrors(log, translateZodError));
  return app;
}

/** Ours to answer for: 504 too slow, 503 too busy, 502 any other failure. */
function toProblem(error: unknown): unknown {
  if (error instanceof PaymentError) {
    const status = error.providerStatus === 503 ? 503 : 502;
    return new HttpProblem(status, error.code, error.message);
  }
  if (!(error instanceof HttpClientError)) return error;
  const status = STATUSES[error.code] ?? 502;
  return new HttpProblem(status, error.code, error.message);
}

const STATUSES: Record<string, number> = {
  invalid_request: 400,
  address_refused: 400,
  overloaded: 503,
  closed: 503,
  attempt_timeout: 504,
  deadline_exceeded: 504,
};
