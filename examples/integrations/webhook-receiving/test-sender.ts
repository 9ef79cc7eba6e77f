import { signStandard, signStripe } from './sign.ts';

/** What the API answered. */
export type Answer = { status: number; body: Record<string, string> };

type Delivery = {
  id: string;
  /** When it is sent; another time when it is sent again. */
  at: Date;
  secrets: string[];
  /** What arrives, if that is not what was signed. */
  tampered?: string | Buffer;
};

/** Speaks to the app over HTTP: as a sender of webhooks, and as the operator. */
export function createSender(url: string, operatorToken: string) {
  const asOperator = { authorization: `Bearer ${operatorToken}` };

  async function send(
    path: string,
    init: RequestInit = {},
  ): Promise<Answer> {
    const response = await fetch(`${url}${path}`, init);
    const text = await response.text();
    return {
      status: response.status,
      body: text ? JSON.parse(text) : {},
    };
  }

  const post = (source: string, headers: object, body: BodyInit) =>
    send(`/webhooks/${source}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });

  return {
    send,
    sendStandard: (body: string, { tampered, ...how }: Delivery) =>
      post(
        'acme',
        signStandard({ body, ...how }),
        toBytes(tampered ?? body),
      ),
    sendStripe: (
      body: string,
      { tampered, ...how }: Omit<Delivery, 'id'>,
    ) =>
      post(
        'stripe',
        signStripe({ body, ...how }),
        toBytes(tampered ?? body),
      ),
    /** With the header as somebody else has signed it. */
    postStripe: (body: string, signature: string) =>
      post('stripe', { 'stripe-signature': signature }, body),
    readAccount: (customer: string) =>
      send(`/accounts/${customer}`, { headers: asOperator }),
    listDead: () => send('/dead-letters', { headers: asOperator }),
    replay: (source: string, id: string) =>
      send(`/webhook-events/${source}/${id}/replay`, {
        method: 'POST',
        headers: asOperator,
      }),
  };
}

const toBytes = (body: string | Buffer) =>
  new Uint8Array(Buffer.from(body));

/** A payment as a sender of Standard Webhooks tells of it. */
export function writePaid(customer: string, cents = 1000): string {
  return JSON.stringify({
    type: 'invoice.paid',
    timestamp: '2026-01-01T00:00:00Z',
    data: { customer, amount_paid: cents },
  });
}

/** A payment as Stripe tells of it. */
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
