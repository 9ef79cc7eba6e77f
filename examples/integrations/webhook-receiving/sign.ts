import { createHmac } from 'node:crypto';

/** What a sender signs: a body, and the moment at which it sends it. */
export type Outgoing = {
  id: string;
  body: string | Buffer;
  at: Date;
  /** All of them sign: two while one replaces the other. */
  secrets: string[];
};

/** The headers of a sender that follows Standard Webhooks. */
export function signStandard({ id, body, at, secrets }: Outgoing) {
  const timestamp = toSeconds(at);
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const mac = createHmac('sha256', key);
    mac.update(`${id}.${timestamp}.`).update(body);
    return `v1,${mac.digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}

/** The header that Stripe sends; the id of the event is in its body. */
export function signStripe({
  body,
  at,
  secrets,
}: Omit<Outgoing, 'id'>) {
  const timestamp = toSeconds(at);
  const signatures = secrets.map((secret) => {
    const mac = createHmac('sha256', secret);
    return `v1=${mac.update(`${timestamp}.`).update(body).digest('hex')}`;
  });
  return {
    'stripe-signature': [`t=${timestamp}`, ...signatures].join(','),
  };
}

function toSeconds(at: Date): string {
  return `${Math.floor(at.getTime() / 1000)}`;
}
