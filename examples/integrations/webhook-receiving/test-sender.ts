import { createClient } from '@touchstone/kit/testing/client';
import { signStandard, signStripe } from './sign.ts';

/** What the API answered. */
export type Answer = { status: number; body: Record<string, string> };

type Delivery = {
  id: string;
  /** When it is sent; another time when it is sent again. */
  at: Date;
  secrets: string[];
  /** What arrives, if that is not what was signed. */
  tampered?: string;
};

/** Sends webhooks as the senders do, and reads the accounts. */
export function createSender(url: string) {
  const send = createClient(url);

  async function post(source: string, headers: object, body: BodyInit) {
    const response = await fetch(`${url}/webhooks/${source}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    const text = await response.text();
    const answer: Answer = {
      status: response.status,
      body: text ? JSON.parse(text) : {},
    };
    return answer;
  }

  function sendStandard(body: string, how: Delivery) {
    const headers = signStandard({ body, ...how });
    return post('acme', headers, how.tampered ?? body);
  }

  function sendStripe(body: string, how: Omit<Delivery, 'id'>) {
    const headers = signStripe({ body, ...how });
    return post('stripe', headers, how.tampered ?? body);
  }

  async function readCredit(customer: string) {
    const path = `/accounts/${encodeURIComponent(customer)}`;
    const { body } = await send<Account | null>('GET', path);
    return body?.creditCents;
  }

  return { post, sendStandard, sendStripe, readCredit };
}

type Account = { creditCents: number };

/** A payment, as a sender of Standard Webhooks reports it. */
export function writePaid(customer: string, cents = 1000): string {
  return JSON.stringify({
    type: 'invoice.paid',
    timestamp: '2026-01-01T00:00:00Z',
    data: { customer, amount_paid: cents },
  });
}

/** A payment, as Stripe reports it. */
export function writeStripePaid(id: string, customer: string): string {
  return JSON.stringify({
    id,
    object: 'event',
    type: 'invoice.paid',
    created: 1767225600,
    data: { object: { customer, amount_paid: 1000 } },
  });
}

/** A change of a subscription, at that second of the first minute of 2026. */
export function writeStatus(status: string, second: number): string {
  return JSON.stringify({
    type: 'subscription.changed',
    timestamp: new Date(
      Date.UTC(2026, 0, 1, 0, 0, second),
    ).toISOString(),
    data: { customer: 'ada', status },
  });
}
