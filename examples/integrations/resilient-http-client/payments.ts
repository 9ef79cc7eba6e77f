import { z } from 'zod';
import type { createHttpClient } from './http-client.ts';

type PaymentsOptions = {
  client: Pick<ReturnType<typeof createHttpClient>, 'request'>;
  url: string;
};

const charge = z.object({ id: z.string(), cents: z.number() });

/** Charges cards at a provider over HTTP. */
export function createPayments({ client, url }: PaymentsOptions) {
  /** Any number of calls for one order charge it once. */
  async function chargeOrder(order: string, cents: number) {
    const answer = await client.request(new URL('/charges', url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        // The same at each attempt, so the client may retry.
        'idempotency-key': `order-${order}`,
      },
      body: JSON.stringify({ order, cents }),
    });
    if (answer.status !== 201)
      throw new PaymentError(answer.status, answer.attempts);
    return charge.parse(JSON.parse(answer.body.toString()));
  }

  return { chargeOrder };
}

/** The provider answered, and there is no charge. */
export class PaymentError extends Error {
  override readonly name = 'PaymentError';
  readonly code = 'payment_failed';
  readonly providerStatus: number;

  constructor(providerStatus: number, attempts: number) {
    super(
      `the provider answered ${providerStatus}, attempts: ${attempts}`,
    );
    this.providerStatus = providerStatus;
  }
}
